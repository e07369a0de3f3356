import { registry } from "@web/core/registry";

/** What the list of credits shows first, and what one company does not need. */
registry.category("web_tour.tours").add("account_credit_desk_lists", {
    steps: () => [
        {
            content: "The newest credit is first, though another one was posted later",
            trigger:
                ".o_list_view .o_data_row:eq(0) td[name=amount]:contains(12,345.67)",
        },
        {
            content: "The older one comes after it",
            trigger: ".o_list_view .o_data_row:eq(1) td[name=amount]:contains(20.00)",
        },
        {
            content: "Look for further columns",
            trigger: ".o_optional_columns_dropdown button",
            run: "click",
        },
        {
            content: "None says which company",
            trigger:
                ".o-dropdown--menu:contains(Expiry Date):not(:contains(Company)):not(:contains(Classification))",
        },
        {
            content: "Post Transaction, from here",
            trigger: ".o_post_transaction_systray",
            run: "click",
        },
        { content: "A credit", trigger: "button[name=action_next]", run: "click" },
        {
            content: "Search an account",
            trigger: "[name=add_partner_id] input",
            run: "edit Family 1",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains(Family 1) a",
            run: "click",
        },
        {
            content: "See it",
            trigger: "div[name=step_accounts] .o_data_row:contains(Family 1)",
        },
        { content: "Go on", trigger: "button[name=action_next]", run: "click" },
        {
            content: "Type the amount for all",
            trigger: "[name=amount_for_all] input",
            run: "edit 1234.50",
        },
        { content: "Go on", trigger: "button[name=action_next]", run: "click" },
        {
            content: "No classification is asked for; the total is grouped",
            trigger:
                "div[name=step_setup]:has([name=total]:contains(1,234.50)):not(:has([name=company_id]))",
        },
        {
            content: "Leave it",
            trigger: "button[name=action_back]",
            run: "click",
        },
        { content: "Be back", trigger: "div[name=step_amounts] .o_data_row" },
    ],
});

/** A click beside the right button cancels nothing. */
registry.category("web_tour.tours").add("account_credit_batch_cancel", {
    steps: () => [
        {
            content: "Cancel",
            trigger: "button[name=action_cancel]:contains(Cancel)",
            run: "click",
        },
        {
            content: "Be asked, and keep it",
            trigger:
                ".modal:contains(Nothing of this batch will be posted) button:contains(Keep Batch)",
            run: "click",
        },
        {
            content: "It is still a draft",
            trigger:
                "body:not(:has(.modal)) .o_form_view .o_arrow_button_current:contains(Draft)",
        },
        {
            content: "Cancel again",
            trigger: "button[name=action_cancel]:contains(Cancel)",
            run: "click",
        },
        {
            content: "This time it is meant",
            trigger: ".modal button:contains(Cancel Batch)",
            run: "click",
        },
        {
            content: "See it cancelled",
            trigger:
                "body:not(:has(.modal)) .o_form_view .o_arrow_button_current:contains(Cancelled)",
        },
    ],
});
