import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("gift_card_from_post_transaction", {
    steps: () => {
        // The keyboard types who and how much; each click is counted.
        let clicks = 0;
        const counted = (step) => ({
            ...step,
            async run(helpers) {
                clicks += 1;
                if (clicks > 5) {
                    throw new Error("More than five clicks");
                }
                await helpers.click();
            },
        });
        return [
            counted({
                content: "Choose Gift Card",
                trigger: ".o_transaction_type:has(input[value=gift_card])",
            }),
            counted({ content: "Next", trigger: "button[name=action_next]" }),
            {
                content: "Type whose it is",
                trigger: ".modal [name=partner_id] input",
                run: "edit Family 0",
            },
            counted({
                content: "Choose the account",
                trigger: ".o-autocomplete--dropdown-item:contains(Family 0) a",
            }),
            {
                content: "Type the amount",
                trigger: ".modal div[name=initial_amount] input",
                run: "edit 40",
            },
            counted({ content: "Issue", trigger: ".modal button[name=action_issue]" }),
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
            counted({ content: "Print", trigger: ".o_print_card" }),
            {
                content: "The card has a QR code",
                trigger: ":iframe .o_gift_card img.o_card_image[src^='data:image/svg']",
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
