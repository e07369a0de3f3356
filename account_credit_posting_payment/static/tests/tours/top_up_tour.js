import { registry } from "@web/core/registry";

const pay = [
    {
        content: "Enter the card of the demo",
        trigger: "#customer_input",
        run: "edit 1234",
    },
    {
        content: "Pay",
        trigger: "button[name=o_payment_submit_button]:enabled",
        run: "click",
        expectUnloadPage: true,
    },
];

registry.category("web_tour.tours").add("account_credit_top_up", {
    steps: () => [
        {
            content: "Top up",
            trigger: "[name=top_up] a:contains(Top Up)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Choose an amount",
            trigger: "label[for=amount_1]:contains(50.00)",
            run: "click",
        },
        {
            content: "Continue to the payment",
            trigger: "form[name=top_up_form] button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The amount is what was chosen",
            trigger: "[name=top_up_summary]:contains(50.00)",
        },
        ...pay,
        {
            content: "It is on the account",
            trigger: "[name=issued]:contains(is now on your account)",
        },
        {
            content: "Go to the balance",
            trigger: "a[href='/my/credits']:contains(Account Balance)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "See it there",
            trigger: "[name=prepayments]:contains(50.00)",
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_buy_card", {
    steps: () => [
        {
            content: "Buy a gift card",
            trigger: "[name=top_up] a:contains(Buy a Gift Card)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Choose to enter an amount",
            trigger: "label[for=amount_other]",
            run: "click",
        },
        {
            content: "Enter the amount",
            trigger: "#other_amount",
            run: "edit 35",
        },
        {
            content: "Enter the recipient",
            trigger: "#recipient_name",
            run: "edit Maya",
        },
        {
            content: "Enter the address",
            trigger: "#recipient_email",
            run: "edit maya@example.com",
        },
        {
            content: "Write a message",
            trigger: "#message",
            run: "edit Keep on dancing!",
        },
        {
            content: "Choose a design",
            trigger: "label[for=design_birthday]",
            run: "click",
        },
        {
            content: "Continue to the payment",
            trigger: "form[name=top_up_form] button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "See what is bought",
            trigger: "[name=top_up_summary]:contains(35.00):contains(maya@example.com)",
        },
        ...pay,
        {
            content: "The card leaves by email",
            trigger: "[name=issued]:contains(maya@example.com)",
        },
    ],
});
