import { registry } from "@web/core/registry";

const PLUS = ".o_menu_systray .o_post_transaction_systray";
const FIRST_STEP =
    ".o_post_transaction .o_statusbar_status button.o_arrow_button_current:contains(Type)";
const LATER_STEP =
    ".o_post_transaction .o_statusbar_status button.o_arrow_button_current:contains(Accounts)";

const GO_ON = [
    { content: "Go on", trigger: "button[name=action_next]", run: "click" },
    { content: "See the accounts", trigger: LATER_STEP },
];

function searchCommand(result) {
    return [
        {
            content: "Open the command palette",
            trigger: "body",
            run: "press Control+k",
        },
        {
            content: "Search the command",
            trigger: ".o_command_palette_search input",
            run: "edit Post Transaction",
        },
        { content: "See what is found", trigger: result },
    ];
}

registry.category("web_tour.tours").add("post_transaction_anywhere", {
    steps: () => [
        { content: "Click the plus button", trigger: PLUS, run: "click" },
        { content: "See a new transaction", trigger: FIRST_STEP },
        ...GO_ON,
        {
            content: "Press the hotkey",
            trigger: "body",
            run: "press Alt+Shift+p",
        },
        { content: "See another transaction", trigger: FIRST_STEP },
        ...GO_ON,
        ...searchCommand(".o_command:contains(Post Transaction)"),
        {
            content: "Choose the command",
            trigger: ".o_command:contains(Post Transaction):contains(P)",
            run: "click",
        },
        { content: "See another transaction", trigger: FIRST_STEP },
    ],
});

registry.category("web_tour.tours").add("post_transaction_nowhere", {
    steps: () => [
        {
            content: "See the top bar without the plus button",
            trigger: ".o_menu_systray:has(.o_user_menu):not(:has(.fa-plus))",
        },
        {
            content: "Press the hotkey",
            trigger: "body",
            run: "press Alt+Shift+p",
        },
        ...searchCommand(".o_command_palette_listbox_empty"),
        {
            content: "Nothing was opened",
            trigger: "body:not(:has(.o_post_transaction))",
        },
    ],
});

registry.category("web_tour.tours").add("post_transaction_of_a_contact", {
    steps: () => [
        {
            content: "Press the hotkey on the page of a contact",
            trigger: ".o_form_view .o_field_widget[name=name]",
            run: "press Alt+Shift+p",
        },
        { content: "See a new transaction", trigger: FIRST_STEP },
        ...GO_ON,
        {
            content: "The account is there",
            trigger: "div[name=step_accounts] .o_data_row:contains(Family 0)",
        },
    ],
});
