import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("account_credit_notice", {
    steps: () => [
        {
            content: "Tick the box in the set-up",
            trigger: "div[name=step_setup] [name=notify_customers] input",
            run: "check",
        },
        { content: "Post", trigger: "button[name=action_post]", run: "click" },
        {
            content: "Open the batch",
            trigger: "button[name=action_view_batch]",
            run: "click",
        },
        {
            content: "See that the customers are to be told",
            trigger: ".o_form_view [name=notify_customers] input:checked",
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_notify_batch", {
    steps: () => [
        {
            content: "Tell the customers",
            trigger: "button[name=action_open_notify]",
            run: "click",
        },
        {
            content: "See how many have no address",
            trigger: ".modal .alert [name=no_address_count]:contains(1)",
        },
        {
            content: "See what the first one reads",
            trigger: ".modal [name=body]:contains(The snow day)",
        },
        {
            content: "Send",
            trigger: ".modal button[name=action_confirm]",
            run: "click",
        },
        {
            content: "The button is gone",
            trigger:
                "body:not(:has(.modal)) .o_form_view:not(:has(button[name=action_open_notify]))",
        },
    ],
});
