import { registry } from "@web/core/registry";

const TYPE = ".o_statusbar_status button.o_arrow_button_current:contains(Type)";

registry.category("web_tour.tours").add("post_transaction_systray", {
    steps: () => [
        {
            content: "Click the plus in the top bar",
            trigger: ".o_menu_systray .o_post_transaction_systray",
            run: "click",
        },
        { content: "See the first step", trigger: TYPE },
    ],
});

registry.category("web_tour.tours").add("post_transaction_hotkey", {
    steps: () => [
        {
            content: "Press the key on the page of a contact",
            trigger: ".o_form_view .o_field_widget[name=name]",
            run: "press alt+shift+p",
        },
        { content: "See the first step", trigger: TYPE },
        {
            content: "Go on",
            trigger: "button[name=action_next]",
            run: "click",
        },
        {
            content: "The account is there",
            trigger: "div[name=step_accounts] .o_data_row:contains(Family 0)",
        },
    ],
});

registry.category("web_tour.tours").add("post_transaction_systray_hidden", {
    steps: () => [
        {
            content: "There is no plus for whoever may not post",
            trigger: ".o_menu_systray:not(:has(.o_post_transaction_systray))",
        },
    ],
});
