import { registry } from "@web/core/registry";

// What is looked up and compared is read whole; comments and reasons may be cut.
const READ_WHOLE = [
    "amount",
    "amount_total",
    "batch_id",
    "credit_item_id",
    "credit_move_id",
    "email",
    "invoice_id",
    "move_id",
    "name",
    "partner_id",
    "stored_value_id",
];

// The lists, each with a column that no other one has.
const LISTS = {
    account_credit_batch_action: "line_count",
    account_credit_line_action: "move_id",
    account_credit_application_action: "decision",
    res_partner_action_billing: "amount_overdue",
    account_stored_value_action: "funding",
    account_stored_value_movement_action: "balance_after",
};

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

function findFaults(queryAll) {
    const faults = [];
    for (const cell of queryAll(".o_data_cell")) {
        if (READ_WHOLE.includes(cell.getAttribute("name")) && isCut(cell)) {
            faults.push(`"${cell.innerText}" is cut`);
        }
    }
    for (const title of queryAll(".o_list_table thead th[data-name] .text-truncate")) {
        if (title.scrollWidth > title.clientWidth) {
            const missing = title.scrollWidth - title.clientWidth;
            faults.push(`the title "${title.innerText}" is ${missing} px too wide`);
        }
    }
    const [list] = queryAll(".o_list_renderer");
    if (list.scrollWidth > list.clientWidth) {
        faults.push(`it scrolls ${list.scrollWidth - list.clientWidth} px sideways`);
    }
    if (document.documentElement.scrollWidth > window.innerWidth) {
        faults.push("the page is wider than the screen");
    }
    return faults;
}

registry.category("web_tour.tours").add("account_credit_desk_fits", {
    steps: () => {
        const faults = [];
        return [
            ...Object.entries(LISTS).flatMap(([action, column]) => [
                {
                    content: `Open ${action}`,
                    trigger: ".o_web_client .o_action",
                    run() {
                        const { services } = odoo.__WOWL_DEBUG__.root.env;
                        services.action.doAction(`account_credit_posting.${action}`, {
                            clearBreadcrumbs: true,
                        });
                    },
                },
                {
                    content: "Nothing that is read whole is cut, and nothing scrolls",
                    trigger: `.o_list_view:has(th[data-name=${column}]) .o_data_row .o_data_cell`,
                    run({ queryAll }) {
                        const found = findFaults(queryAll);
                        faults.push(...found.map((fault) => `${action}: ${fault}`));
                    },
                },
            ]),
            {
                content: "Say what does not fit",
                trigger: ".o_list_view",
                run() {
                    if (faults.length) {
                        throw new Error(faults.join("\n"));
                    }
                },
            },
        ];
    },
});
