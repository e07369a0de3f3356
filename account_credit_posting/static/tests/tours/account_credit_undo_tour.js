import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("account_credit_undo", {
    steps: () => [
        {
            content: "Retry what cannot be posted yet",
            trigger: "button[name=action_retry]",
            run: "click",
        },
        {
            content: "Read that it was tried",
            trigger: ".o_notification:contains(Tried again: 1 account)",
        },
        {
            content: "Undo what was posted",
            trigger: "button[name=action_undo]",
            run: "click",
        },
        {
            content: "Yes",
            trigger: ".modal-footer .btn-primary:contains(Undo)",
            run: "click",
        },
        {
            content: "Nothing is left to undo",
            trigger: "div[name=step_result]",
        },
        {
            content: "Post another one",
            trigger:
                ".o_form_view:not(:has(button[name=action_undo])) button[name=action_post_another]",
            run: "click",
        },
        {
            content: "Begin as last time",
            trigger: "button[name=action_again]:contains(Goodwill, 2 accounts)",
            run: "click",
        },
        {
            content: "See an account of then",
            trigger: "div[name=step_accounts] .o_data_row:contains(Family 0)",
        },
    ],
});
