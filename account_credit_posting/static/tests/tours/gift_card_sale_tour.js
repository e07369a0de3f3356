import { Hand, type } from "@account_credit_posting/../tests/tours/hand";
import { registry } from "@web/core/registry";

/** The keyboard types who and how much; each click is counted. */
registry.category("web_tour.tours").add("gift_card_from_post_transaction", {
    steps: () => {
        const hand = new Hand();
        const ACCOUNT = ".modal [name=partner_id] input";
        return [
            hand.start(".o_post_transaction_systray"),
            {
                content: "Post Transaction, from any page",
                trigger: ".o_post_transaction_systray",
                run: "click",
            },
            {
                content: "Choose Gift Card",
                trigger: ".o_transaction_type:has(input[value=gift_card])",
                run: "click",
            },
            { content: "Next", trigger: "button[name=action_next]", run: "click" },
            type("Type whose it is, without a click", ACCOUNT, ..."Family 0"),
            {
                content: "See the account",
                trigger: ".o-autocomplete--dropdown-item:contains(Family 0)",
            },
            type("Choose it", ACCOUNT, "Enter"),
            type("Go on", `${ACCOUNT}:value(Family 0)`, "Tab"),
            type(
                "Type the amount, without a click",
                ".modal div[name=initial_amount] input",
                ..."40"
            ),
            {
                content: "Issue",
                trigger: ".modal button[name=action_issue]",
                run: "click",
            },
            {
                content: "Let the card stay on this page",
                trigger: ".o_card_code form",
                run({ anchor }) {
                    const frame = document.createElement("iframe");
                    frame.name = "printed_card";
                    frame.className = "o_printed_card";
                    frame.style.height = "400px";
                    document.querySelector(".o_card_code").append(frame);
                    anchor.target = frame.name;
                },
            },
            { content: "Print", trigger: ".o_print_card", run: "click" },
            {
                content: "The card has a QR code",
                trigger: ":iframe .o_gift_card img.o_card_image[src^='data:image/svg']",
            },
            hand.end(".o_card_code", { clicks: 5, keys: 12 }),
            {
                content: "and email it from the same dialog",
                trigger: ".o_card_code #card_email",
                run: "edit maya@example.com",
            },
            {
                content: "with a message",
                trigger: ".o_card_code #card_message",
                run: "edit Keep on dancing!",
            },
            {
                content: "Email",
                trigger: ".o_email_card button:contains(Email the Card)",
                run: "click",
            },
            {
                content: "It is sent, and is not sent twice",
                trigger:
                    ".o_card_code:has(.o_card_sent:contains(maya@example.com)):not(:has(.o_email_card))",
            },
            {
                content: "and the customer has it",
                trigger: ".o_card_code .o_hand_over",
                run: "click",
            },
            {
                content: "Be back",
                trigger: "body:not(:has(.modal)) div[name=step_type]",
            },
        ];
    },
});

registry.category("web_tour.tours").add("gift_card_row_opens", {
    steps: () => [
        {
            content: "Turn to Gift Cards & Prepayments",
            trigger: ".o_notebook a[name=stored_values]",
            run: "click",
        },
        {
            content: "Open a card by its row",
            trigger: "div[name=stored_value_ids] .o_data_row .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "All that can be done is there",
            trigger:
                ".o_form_statusbar:has(button:contains(Block)):has(button:contains(Refund)):has(button:contains(Move)):has(button:contains(New Code))",
        },
    ],
});
