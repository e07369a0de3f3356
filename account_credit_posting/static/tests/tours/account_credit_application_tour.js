import { registry } from "@web/core/registry";

const PAGE = "div[name=credit_application_ids]";

registry.category("web_tour.tours").add("account_credit_unapply_and_apply", {
    steps: () => [
        {
            content: "See the credit in the payment area",
            trigger: ".o_payment_label:contains(Goodwill)",
        },
        {
            content: "Open what decided it",
            trigger: "a[name=account_credits]",
            run: "click",
        },
        {
            content: "See the rule",
            trigger: `${PAGE} .o_data_row:contains(Earliest due)`,
        },
        {
            content: "Unapply",
            trigger: "button[name=action_unapply_account_credits]",
            run: "click",
        },
        {
            content: "See it unapplied",
            trigger: `${PAGE} .o_data_row .badge:contains(Unapplied)`,
        },
        {
            content: "Apply now",
            trigger: "button[name=action_apply_account_credits]",
            run: "click",
        },
        {
            content: "See what it paid",
            trigger: ".o_notification:contains(Credits paid)",
        },
        {
            content: "See it applied",
            trigger: `${PAGE} .o_data_row .badge:contains(Applied)`,
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_billing", {
    steps: () => [
        {
            content: "Open the billing of the account",
            trigger: "button[name=action_view_billing]",
            run: "click",
        },
        {
            content: "Turn to Credits",
            trigger: ".o_notebook a[name=credits]",
            run: "click",
        },
        {
            content: "See the open credit",
            trigger: "div[name=open_credit_line_ids] .o_data_row:contains(Goodwill)",
        },
        {
            content: "Apply",
            trigger: "button[name=action_apply_account_credits]",
            run: "click",
        },
        {
            content: "See it applied",
            trigger:
                "div[name=credit_application_ids] .o_data_row .badge:contains(Applied)",
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_preview", {
    steps: () => [
        {
            content: "Search the credit item",
            trigger: "[name=credit_item_id] input",
            run: "edit Goodwill",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains(Goodwill) a",
            run: "click",
        },
        {
            content: "See what will be paid, and what stays",
            trigger: ".o_preview_account:contains(40.00):contains(110.00)",
        },
        {
            content: "See who is skipped",
            trigger: ".o_credit_preview .alert:contains(1 account will be skipped)",
        },
        {
            content: "See the journal entry",
            trigger: ".o_credit_preview summary",
            run: "click",
        },
        {
            content: "See both sides of it",
            trigger: ".o_preview_entry tbody tr:contains(150.00)",
        },
        { content: "Post", trigger: "button[name=action_post]", run: "click" },
        {
            content: "See what it paid",
            trigger: ".alert:contains(40.00 of it paid invoices)",
        },
    ],
});
