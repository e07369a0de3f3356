import { registry } from "@web/core/registry";

function fits(selector) {
    return ({ queryAll }) => {
        const width = document.documentElement.clientWidth;
        const elements = queryAll(selector);
        if (!elements.length) {
            throw new Error(`There is nothing like ${selector}`);
        }
        for (const element of elements) {
            const { left, right } = element.getBoundingClientRect();
            if (left < 0 || right > width) {
                throw new Error(`${element.textContent} is wider than the screen`);
            }
        }
    };
}

registry.category("web_tour.tours").add("account_billing_phone", {
    steps: () => [
        {
            content: "See accounts as cards, with what they owe and have",
            trigger:
                ".o_kanban_record:contains(Featherstonehaugh):contains(Due Now):contains(Open Credit)",
            run: fits(".o_kanban_record:not(.o_kanban_ghost) span"),
        },
        {
            content: "Open one",
            trigger: ".o_kanban_record:contains(Featherstonehaugh)",
            run: "click",
        },
        {
            content: "Go to its credits",
            trigger: ".o_notebook .nav-link:contains(Credits)",
            run: "click",
        },
        {
            content: "See the credit with its amount",
            trigger:
                "[name=open_credit_line_ids] .o_kanban_record:contains(Goodwill) .fw-bold.text-nowrap:contains(10.00)",
            run: fits("[name=open_credit_line_ids] .o_kanban_record span"),
        },
        {
            content: "Change it from there",
            trigger:
                "[name=open_credit_line_ids] .o_kanban_record a[name=action_change]",
            run: "click",
        },
        { content: "See the dialog", trigger: ".modal [name=public_comment]" },
    ],
});

registry.category("web_tour.tours").add("account_billing_invoices_phone", {
    steps: () => [
        {
            content: "See the invoice as a card, with what is open and what paid it",
            trigger:
                "[name=current_invoice_ids] .o_kanban_record:contains(INV/):contains(90.00):contains(Account Credits):contains(10.00)",
            run: fits("[name=current_invoice_ids] .o_kanban_record span"),
        },
        {
            content: "Go to what was paid",
            trigger: ".o_notebook a[name=paid]",
            run: "click",
        },
        {
            content: "See that invoice as a card, too",
            trigger: "[name=paid_invoice_ids] .o_kanban_record:contains(INV/)",
            run: fits("[name=paid_invoice_ids] .o_kanban_record span"),
        },
        {
            content: "Go to the credits",
            trigger: ".o_notebook a[name=credits]",
            run: "click",
        },
        {
            content: "See which invoice the credit paid",
            trigger:
                "[name=credit_application_ids] .o_kanban_record:contains(INV/):contains(10.00):contains(Applied)",
            run: fits("[name=credit_application_ids] .o_kanban_record span"),
        },
    ],
});

registry.category("web_tour.tours").add("account_credits_applied_phone", {
    steps: () => [
        {
            content: "See what was paid as a card",
            trigger:
                ".o_kanban_record:contains(Featherstonehaugh):contains(INV/):contains(10.00):contains(Applied)",
            run: fits(".o_kanban_record:not(.o_kanban_ghost) span"),
        },
        {
            content: "Open it",
            trigger: ".o_kanban_record:contains(Featherstonehaugh)",
            run: "click",
        },
        {
            content: "See it",
            trigger: ".o_form_view div[name=amount]:contains(10.00)",
        },
    ],
});

registry.category("web_tour.tours").add("account_stored_value_phone", {
    steps: () => [
        {
            content: "See cards as cards, with what is left",
            trigger:
                ".o_kanban_record:contains(Featherstonehaugh):contains(80.00):contains(Active)",
            run: fits(".o_kanban_record:not(.o_kanban_ghost) span"),
        },
        {
            content: "Open one",
            trigger: ".o_kanban_record:contains(Featherstonehaugh)",
            run: "click",
        },
        {
            content: "See it",
            trigger: ".o_form_view div[name=balance]:contains(80.00)",
        },
    ],
});

registry.category("web_tour.tours").add("account_stored_value_use_phone", {
    steps: () => [
        {
            content: "Turn to Gift Cards & Prepayments",
            trigger: ".o_notebook a[name=stored_values]",
            run: "click",
        },
        {
            content: "Use what the account has",
            trigger: ".o_form_view button[name=action_use_stored_value]",
            run: "click",
        },
        {
            content: "See of which card how much",
            trigger:
                ".modal .o_data_row:has(td[name=value_id]:contains(GC/)) td[name=amount]:contains(80.00)",
            run: fits(".modal .o_data_row td"),
        },
        {
            content: "See what will be paid, with its amount",
            trigger: ".modal div[name=preview] td:contains(80.00)",
            run: fits(".modal div[name=preview] td:not(.d-none)"),
        },
        { content: "Close it", trigger: ".modal button.btn-close", run: "click" },
        { content: "Be back", trigger: "body:not(:has(.modal))" },
    ],
});

registry.category("web_tour.tours").add("account_credits_posted_phone", {
    steps: () => [
        {
            content: "The newest credit is the first card, though another came later",
            trigger:
                ".o_kanban_record:eq(0):contains(Featherstonehaugh):contains(10.00)",
            run: fits(".o_kanban_record:not(.o_kanban_ghost) span"),
        },
        {
            content: "The older one comes after it",
            trigger: ".o_kanban_record:eq(1):contains(20.00)",
        },
    ],
});

registry.category("web_tour.tours").add("account_billing_history_phone", {
    steps: () => [
        {
            content: "Turn to the history",
            trigger: ".o_notebook a[name=history]",
            run: "click",
        },
        {
            content:
                "See the invoice as a card, with its amount and what was owed then",
            trigger:
                "[name=billing_movement_ids] .o_kanban_record:contains(INV/):contains(100.00):contains(Owes)",
            run: fits("[name=billing_movement_ids] .o_kanban_record span"),
        },
        {
            content: "See the credit",
            trigger:
                "[name=billing_movement_ids] .o_kanban_record:contains(Credit):contains(10.00)",
        },
        {
            content: "Open all of it",
            trigger: ".o_notebook .tab-pane.active button[name=action_view_movements]",
            run: "click",
        },
        {
            content: "See cards here, too",
            trigger: ".o_kanban_view .o_kanban_record:contains(INV/):contains(100.00)",
            run: fits(".o_kanban_record:not(.o_kanban_ghost) span"),
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_result_phone", {
    steps: () => [
        {
            content: "Read the row of a long name, with its amount",
            trigger:
                "div[name=step_result] .o_kanban_record:contains(Featherstonehaugh):contains(10.00)",
            run: fits(
                "div[name=step_result] .o_kanban_record:not(.o_kanban_ghost) span"
            ),
        },
        {
            content: "Its text has room",
            trigger: ".o_result_account",
            run({ queryOne }) {
                if (queryOne(".o_result_account").clientWidth < 150) {
                    throw new Error("The name has no room");
                }
            },
        },
    ],
});
