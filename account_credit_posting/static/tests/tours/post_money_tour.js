import { registry } from "@web/core/registry";

function choosePage(type, title) {
    return [
        {
            content: `Choose ${type}`,
            trigger: `.o_transaction_type:contains(${type}) input`,
            run: "click",
        },
        { content: "Go on", trigger: "button[name=action_next]", run: "click" },
        { content: `See ${title}`, trigger: `h2:contains(${title})` },
    ];
}

const post = [
    {
        content: "Post",
        trigger: ".o_statusbar_buttons button[name=action_post]",
        run: "click",
    },
];

registry.category("web_tour.tours").add("post_payment", {
    steps: () => [
        ...choosePage("Payment", "Post Payment"),
        {
            content: "See what the account owes",
            trigger: "[name=amount_due]:contains(50.00)",
        },
        {
            content: "See it proposed, where one types at once",
            trigger: "[name=amount] input:focus:value(50.00)",
        },
        {
            content: "Type another amount",
            trigger: "[name=amount] input:focus",
            run: "edit 80",
        },
        {
            content: "Hold the rest",
            trigger: "[name=rest_as] .o_radio_item:contains(Prepayment) input",
            run: "click",
        },
        {
            content: "See what will be paid, and what will be held",
            trigger:
                "[name=preview]:contains(50.00):contains(prepayment):contains(30.00)",
        },
        {
            content: "The number of the cheque",
            trigger: "[name=memo] input",
            run: "edit Cheque 17",
        },
        ...post,
        {
            content: "See green checks",
            trigger: "[name=result] .fa-check-circle",
        },
        {
            content: "See what was paid",
            trigger: "[name=result] li:contains(paid in full)",
        },
        {
            content: "See what is held",
            trigger: "[name=result] li:contains(30.00 is held as prepayment)",
        },
    ],
});

registry.category("web_tour.tours").add("post_refund", {
    steps: () => [
        ...choosePage("Refund", "Post Refund"),
        {
            content: "Refund a part",
            trigger: ".o_data_row:contains(Prepayment) [name=amount]",
            run: "click",
        },
        {
            content: "Type the amount",
            trigger: ".o_data_row:contains(Prepayment) [name=amount] input",
            run: "edit 25",
        },
        {
            content: "Enter a reason",
            trigger: "[name=reason] input",
            run: "edit Moved away",
        },
        { content: "See the sum", trigger: "[name=total]:contains(25.00)" },
        ...post,
        {
            content: "See what was refunded",
            trigger: "[name=result]:contains(25.00 refunded to Family 0)",
        },
    ],
});
