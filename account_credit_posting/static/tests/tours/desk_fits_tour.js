import { registry } from "@web/core/registry";

// What is looked up and compared is read whole; comments and reasons may be cut.
const READ_WHOLE = [
    "amount",
    "amount_total",
    "batch_id",
    "credit_item_id",
    "credit_move_id",
    "invoice_id",
    "move_id",
    "name",
    "partner_id",
    "stored_value_id",
];

function measure(element, text) {
    const context = document.createElement("canvas").getContext("2d");
    context.font = getComputedStyle(element).font;
    return context.measureText(text).width;
}

function isCut(cell) {
    const { paddingLeft, paddingRight } = getComputedStyle(cell);
    const room = cell.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    // Odoo adds what an entry is about to its number.
    return measure(cell, cell.innerText.split(" (")[0].trim()) > room + 1;
}

registry.category("web_tour.tours").add("account_credit_desk_fits", {
    steps: () => [
        {
            content: "Nothing that is read whole is cut",
            trigger: ".o_list_view .o_data_row .o_data_cell",
            run({ queryAll }) {
                const cut = queryAll(".o_data_cell").filter(
                    (cell) =>
                        READ_WHOLE.includes(cell.getAttribute("name")) && isCut(cell)
                );
                if (cut.length) {
                    const texts = cut.map((cell) => cell.innerText).join(", ");
                    throw new Error(`cut at this width: ${texts}`);
                }
                if (document.documentElement.scrollWidth > window.innerWidth) {
                    throw new Error("the page is wider than the screen");
                }
            },
        },
    ],
});
