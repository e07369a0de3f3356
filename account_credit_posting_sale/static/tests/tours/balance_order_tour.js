import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("account_balance_order", {
    steps: () => [
        {
            content: "Accept and pay",
            trigger: "#o_sale_portal_paynow",
            run: "click",
        },
        {
            content: "Pay with the account",
            trigger:
                "#modalaccept input[name=o_payment_radio][data-payment-method-code=account_credit]",
            run: "click",
        },
        {
            content: "See what is used, and what is left of it",
            trigger:
                "#modalaccept [name=account_balance_parts] li:contains(30.00):contains(10.00)",
        },
        {
            content: "Pay",
            trigger: "#modalaccept button[name=o_payment_submit_button]:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The order is confirmed, and its invoice paid",
            trigger: "#sale_invoices .badge:contains(Paid)",
        },
    ],
});
