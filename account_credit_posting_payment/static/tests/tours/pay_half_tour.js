import { registry } from "@web/core/registry";

const CARD = "[name=balance_source]:contains(Gift Card):first input";

registry.category("web_tour.tours").add("account_credit_pay_half", {
    steps: () => [
        {
            content: "Use nothing of the credit",
            trigger: "[name=balance_source]:contains(Goodwill) input",
            run: "edit 0",
        },
        {
            content: "Use nothing of the prepayment",
            trigger: "[name=balance_source]:contains(Prepayment) input",
            run: "edit 0",
        },
        {
            content: "Use half of the invoice of the card",
            trigger: CARD,
            run: "edit 50",
        },
        {
            content: "See what will happen",
            trigger: "form[name=balance_choice] button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The card pays half",
            trigger: "[name=chosen]:contains(Gift Card):contains(50.00)",
        },
        {
            content: "Half is left",
            trigger: "[name=rest]:contains(50.00)",
        },
        {
            content: "Enter the card of the demo",
            trigger: "#customer_input",
            run: "edit 1234",
        },
        {
            content: "Pay the rest",
            trigger: "button[name=o_payment_submit_button]:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Back at the invoice, which is paid",
            trigger: "[name=invoice_paid_badge]",
        },
    ],
});
