import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("account_credit_item_request", {
    steps: () => [
        {
            content: "Ask for an item that is missing",
            trigger: "div[name=step_setup] button:contains(Ask for an Item)",
            run: "click",
        },
        {
            content: "Name it",
            trigger: ".modal [name=name] input",
            run: "edit Snow Day",
        },
        {
            content: "Ask",
            trigger: ".modal button[name=action_ask]",
            run: "click",
        },
        {
            content: "Read who was asked",
            trigger: ".o_notification:contains(can now add Snow Day)",
        },
        {
            content: "Be back where it was missing",
            trigger: "body:not(:has(.modal)) div[name=step_setup]",
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_empty_page", {
    steps: () => [
        {
            content: "Go from the empty page to what fills it",
            trigger: ".o_view_nocontent a:contains(Post Transaction)",
            run: "click",
        },
        {
            content: "See the first step",
            trigger: "div[name=step_type]",
        },
    ],
});
