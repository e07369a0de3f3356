import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("account_credit_portal", {
    steps: () => [
        {
            content: "Open the account balance",
            trigger: "a[href='/my/credits']:contains(Account Balance)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "See the open credit",
            trigger: "[name=credits]:contains(30.00)",
        },
        {
            content: "See what it paid",
            trigger: "[name=credit]:contains(The snow day) [name=payment]",
        },
        {
            content: "List all credits",
            trigger: "a[href='/my/credits/all']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "See that one was reversed",
            trigger: "[name=credit] .badge:contains(Reversed)",
        },
        {
            content: "Go back",
            trigger: "[name=account_balance_breadcrumb] a",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Enter a wrong code",
            trigger: "#gift_card_code",
            run: "edit 0000-0000-0000-000A",
        },
        {
            content: "Try to redeem it",
            trigger: "form[name=redeem] button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "See that there is no such card",
            trigger: "[name=error]:contains(no gift card)",
        },
        {
            content: "Enter the code of the card",
            trigger: "#gift_card_code",
            run: "edit 0000-0000-0000-0000",
        },
        {
            content: "Redeem it",
            trigger: "form[name=redeem] button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "See that it is on the account",
            trigger: ".alert-success:contains(is now on your account)",
        },
        {
            content: "See where it came from",
            trigger: "[name=movement]:contains(Redeemed):contains(100.00)",
        },
        {
            content: "Go back",
            trigger: "[name=account_balance_breadcrumb] a",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "See it among what is held",
            trigger: "[name=gift_cards]:contains(100.00)",
        },
    ],
});
