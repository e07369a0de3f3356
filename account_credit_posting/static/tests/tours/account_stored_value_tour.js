import { registry } from "@web/core/registry";

const VALUES = "div[name=stored_value_ids]";

registry.category("web_tour.tours").add("gift_card_issue", {
    steps: () => [
        {
            content: "Open the billing of the account",
            trigger: "button[name=action_view_billing]",
            run: "click",
        },
        {
            content: "Turn to Gift Cards & Prepayments",
            trigger: ".o_notebook a[name=stored_values]",
            run: "click",
        },
        {
            content: "New gift card",
            trigger: "button[name=action_new_stored_value]:contains(New Gift Card)",
            run: "click",
        },
        {
            content: "The till is proposed",
            trigger: ".modal div[name=journal_id] input:value(Cash)",
        },
        {
            content: "Enter the amount, where one types at once",
            trigger: ".modal div[name=initial_amount] input:focus",
            run: "edit 100",
        },
        {
            content: "Enter who gets it",
            trigger: ".modal div[name=recipient_name] input",
            run: "edit Maya",
        },
        {
            content: "Issue",
            trigger: ".modal button[name=action_issue]",
            run: "click",
        },
        {
            content: "See the code, once",
            trigger: ".o_card_code_text:contains(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/)",
        },
        {
            content: "There is a button that prints",
            trigger: "form[action='/account_credit_posting/card'] .o_print_card",
        },
        {
            content: "Escape",
            trigger: ".o_card_code",
            run: "press Escape",
        },
        {
            content: "Be asked first, and stay",
            trigger: ".modal:contains(print it once more) button:contains(Stay)",
            run: "click",
        },
        {
            content: "Close, without handing it over",
            trigger: ".o_card_code button:contains(Close)",
            run: "click",
        },
        {
            content: "Be asked again, and close",
            trigger:
                ".modal:contains(print it once more) button:contains(Close).btn-primary",
            run: "click",
        },
        {
            content: "The card is on the account",
            trigger: `${VALUES} .o_data_row:contains(Maya):contains(Active)`,
        },
        {
            content: "and in its balance",
            trigger: "div[name=gift_card_balance]:contains(100.00)",
        },
        {
            content: "A clerk has no pencil",
            trigger: `${VALUES}:not(:has(.fa-pencil)):not(:has(.fa-trash))`,
        },
    ],
});

registry.category("web_tour.tours").add("gift_card_redeem", {
    steps: () => [
        {
            content: "Open the billing of the account",
            trigger: "button[name=action_view_billing]",
            run: "click",
        },
        {
            content: "Turn to Gift Cards & Prepayments",
            trigger: ".o_notebook a[name=stored_values]",
            run: "click",
        },
        {
            content: "Redeem",
            trigger: "button[name=action_redeem_code]",
            run: "click",
        },
        {
            content: "Enter the code, as people type it",
            trigger: "#redeem_code_input",
            run: "edit 0000-0000 0000-oooO",
        },
        {
            content: "Check",
            trigger: ".o_check_code",
            run: "click",
        },
        {
            content: "See what is on it",
            trigger: ".o_card_balance:contains(100.00)",
        },
        {
            content: "Redeem",
            trigger: ".o_redeem",
            run: "click",
        },
        {
            content: "See that it is on the account",
            trigger: `${VALUES} .o_data_row:contains(100.00):contains(Active)`,
        },
        {
            content: "Use it",
            trigger: "button[name=action_use_stored_value]",
            run: "click",
        },
        {
            content: "See what will be paid",
            trigger: ".modal div[name=preview]:contains(60.00)",
        },
        {
            content: "Pay",
            trigger: ".modal button[name=action_confirm]",
            run: "click",
        },
        {
            content: "See that it was paid",
            trigger: ".o_notification:contains(60.00 paid)",
        },
        {
            content: "See what is left",
            trigger: "div[name=gift_card_balance]:contains(40.00)",
        },
    ],
});

registry.category("web_tour.tours").add("gift_card_correct", {
    steps: () => [
        {
            content: "Open the billing of the account",
            trigger: "button[name=action_view_billing]",
            run: "click",
        },
        {
            content: "Turn to Gift Cards & Prepayments",
            trigger: ".o_notebook a[name=stored_values]",
            run: "click",
        },
        {
            content: "Take the pencil",
            trigger: `${VALUES} .o_data_row .fa-pencil`,
            run: "click",
        },
        {
            content: "Correct the amount",
            trigger: ".modal div[name=amount] input",
            run: "edit 110 && press Tab",
        },
        {
            content: "Enter a reason",
            trigger: ".modal div[name=reason] input",
            run: "edit Ten more were paid",
        },
        {
            content: "See the entry",
            trigger:
                ".modal div[name=entry] tr:contains(Gift Cards Sold):contains(10.00)",
        },
        {
            content: "Save",
            trigger: ".modal button[name=action_confirm]:contains(Save)",
            run: "click",
        },
        {
            content: "See what is left",
            trigger: "div[name=gift_card_balance]:contains(50.00)",
        },
        {
            content: "The trash says why not",
            trigger: `${VALUES} .o_data_row .fa-trash`,
            run: "click",
        },
        {
            content: "Value that is used is not deleted",
            trigger: ".modal .alert:contains(never deleted)",
        },
        {
            content: "Leave it",
            trigger: ".modal button:contains(Discard)",
            run: "click",
        },
        {
            content: "Open the history",
            trigger:
                "body:not(:has(.modal)) .o_notebook button[name=action_view_stored_value_history]",
            run: "click",
        },
        {
            content: "The newest movement says why",
            trigger: ".o_data_row:contains(Corrected):contains(Ten more were paid)",
        },
        {
            content: "The oldest is there, too",
            trigger: ".o_data_row:contains(Redeemed):contains(100.00)",
        },
        {
            content: "The record has its pencil here, too",
            trigger: ".o_group_header:contains(50.00 left) .fa-pencil",
        },
    ],
});

/** The printer had no paper: once more, with a new code. */
registry.category("web_tour.tours").add("gift_card_print_once_more", {
    steps: () => [
        {
            content: "Print once more",
            trigger: "button[name=action_show_new_code]:contains(Print Once More)",
            run: "click",
        },
        {
            content: "Confirm",
            trigger: ".modal:contains(no longer be valid) .btn-primary",
            run: "click",
        },
        {
            content: "See the new code",
            trigger: ".o_card_code_text:contains(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/)",
        },
        {
            content: "Escape",
            trigger: ".o_card_code",
            run: "press Escape",
        },
        {
            content: "There is no other time",
            trigger: ".modal:contains(only an administrator) button:contains(Stay)",
            run: "click",
        },
        {
            content: "Hand it over",
            trigger: ".o_hand_over",
            run: "click",
        },
        {
            content: "The page has no button for it any more",
            trigger:
                "body:not(:has(.o_card_code)) .o_form_view:not(:has(button[name=action_show_new_code]))",
        },
    ],
});
