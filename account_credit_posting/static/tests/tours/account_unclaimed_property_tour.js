import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("account_unclaimed_property", {
    steps: () => [
        {
            content: "See what is due, since when, and to which state",
            trigger:
                ".o_data_row:contains(30.00):contains(Delaware) td[name=due_date].text-danger:contains(Mar 15, 2025)",
        },
        {
            content: "What is exempt is not becoming due",
            trigger: ".o_list_view:not(:has(.o_data_row:contains(California)))",
        },
        {
            content: "Choose it",
            trigger: ".o_data_row:contains(30.00) .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Hand to the State",
            trigger: "button[name=action_hand]",
            run: "click",
        },
        {
            content: "Be asked first, and go on",
            trigger: ".modal:contains(can no longer be used) .btn-primary",
            run: "click",
        },
        {
            content: "See that it is to be paid, and its entry",
            trigger:
                ".o_data_row:contains(To Be Paid):contains(Delaware) td[name=move_id]:contains(STVAL/)",
        },
        {
            content: "Choose it",
            trigger: ".o_data_row:contains(30.00) .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Pay to the State",
            trigger: "button[name=action_remit]",
            run: "click",
        },
        {
            content: "See what is paid",
            trigger: ".modal div[name=amount]:contains(30.00)",
        },
        {
            content: "Say to whom",
            trigger: ".modal div[name=partner_id] input",
            run: "edit Office of Unclaimed Property",
        },
        {
            content: "Choose the office",
            trigger:
                ".o-autocomplete--dropdown-item a:contains(/^Office of Unclaimed/)",
            run: "click",
        },
        {
            content: "Say from where",
            trigger: ".modal div[name=journal_id] input",
            run: "edit Bank",
        },
        {
            content: "Choose the bank",
            trigger: ".o-autocomplete--dropdown-item a:contains(/^Bank$/)",
            run: "click",
        },
        {
            content: "Pay",
            trigger: ".modal button[name=action_confirm]",
            run: "click",
        },
        {
            content: "See that it is paid",
            trigger: ".o_data_row:contains(Paid to the State)",
        },
        {
            content: "Open the gift card",
            trigger: ".o_data_row button[name=action_open]",
            run: "click",
        },
        {
            content: "It cannot be used any more",
            trigger:
                ".o_form_view:not(:has(button[name=action_use])) .o_arrow_button_current:contains(Handed)",
        },
        {
            content: "See its entries",
            trigger:
                "div[name=movement_ids] .o_data_row:contains(Handed to a state: Delaware)",
        },
    ],
});

registry.category("web_tour.tours").add("gift_card_cash_out", {
    steps: () => [
        {
            content: "Cash Out",
            trigger: "button[name=action_change]:contains(Cash Out)",
            run: "click",
        },
        {
            content: "See why it can be paid out",
            trigger: ".modal:contains(the law of the owner's state grants it)",
        },
        {
            content: "Say from where",
            trigger: ".modal div[name=journal_id] input",
            run: "edit Cash",
        },
        {
            content: "Choose the till",
            trigger: ".o-autocomplete--dropdown-item a:contains(/^Cash$/)",
            run: "click",
        },
        {
            content: "Pay",
            trigger: ".modal button[name=action_confirm]",
            run: "click",
        },
        {
            content: "Nothing is left",
            trigger: ".o_form_view div[name=balance]:contains(0.00)",
        },
        {
            content: "See the refund",
            trigger: "div[name=movement_ids] .o_data_row:contains(-5.00)",
        },
    ],
});
