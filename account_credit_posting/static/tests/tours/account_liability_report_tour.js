import { registry } from "@web/core/registry";

const LINES = "div[name=line_ids]";

registry.category("web_tour.tours").add("account_liability_report", {
    steps: () => [
        {
            content: "Closing and general ledger are equal",
            trigger: `${LINES} .o_data_row:contains(Gift Cards Sold) td[name=closing]:contains(70.00)`,
        },
        {
            content: "There is no difference",
            trigger: `${LINES} .o_data_row td[name=difference] .text-muted:contains(0.00)`,
        },
        {
            content: "What did not happen has no column",
            trigger: `${LINES}:not(:has(td[name=refunded])):has(td[name=used])`,
        },
        {
            content: "Divide it by month of issue",
            trigger: "div[name=grouping] input",
            run: "click",
        },
        {
            content: "Choose the month",
            trigger: ".o_select_menu_item:contains(Month of issue)",
            run: "click",
        },
        {
            content: "Show",
            trigger: "button[name=action_show]",
            run: "click",
        },
        {
            content: "See the month, and what was used of it",
            trigger: `${LINES} .o_data_row:contains(March 2024) td[name=used] a:contains(-30.00)`,
            run: "click",
        },
        {
            content: "See the card behind the figure",
            trigger: ".o_breadcrumb:contains(Used on Invoices)",
        },
        {
            content: "Open it",
            trigger: ".o_group_header:contains(GC/)",
            run: "click",
        },
        {
            content: "See the entry",
            trigger: ".o_data_row td[name=move_id]:contains(STVAL/)",
        },
        {
            content: "Back",
            trigger: ".o_back_button",
            run: "click",
        },
        {
            content: "Open the pivot",
            trigger: "button[name=action_pivot]",
            run: "click",
        },
        {
            content: "See the same closing",
            trigger: ".o_pivot td:contains(70.00)",
        },
    ],
});
