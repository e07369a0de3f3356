import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

function callKw(model, method, args) {
    return rpc(`/web/dataset/call_kw/${model}/${method}`, {
        model,
        method,
        args,
        kwargs: {},
    });
}

registry.category("web_tour.tours").add("account_credit_batch_progress", {
    steps: () => [
        {
            content: "Nothing is posted yet",
            trigger: ".o_credit_counts:contains(0 posted, 0 failed, 3 remaining)",
        },
        {
            content: "See that one may leave",
            trigger: ".alert-info:contains(You can leave this page)",
        },
        {
            content: "Let a worker post",
            trigger: ".o_credit_pace:contains(Waiting for a worker)",
            run: async () => {
                const ids = await callKw("ir.cron", "search", [
                    [["cron_name", "=", "Account Credits: post in the background (1)"]],
                ]);
                await callKw("ir.cron", "method_direct_trigger", [ids]);
            },
        },
        {
            content: "See the end, without a click",
            trigger: ".alert-success:contains(credited to 3 accounts)",
            timeout: 30000,
        },
        {
            content: "The bar is gone",
            trigger: ".o_form_view:not(:has(.o_credit_progress))",
        },
        {
            content: "See the documents",
            trigger: "div[name=batch_line_ids] .o_data_row .fa-check-circle",
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_batch_reverse", {
    steps: () => [
        {
            content: "Undo",
            trigger: "button[name=action_open_reverse]",
            run: "click",
        },
        {
            content: "See what is unused",
            trigger: ".modal .o_credit_unused:contains(80.00)",
        },
        {
            content: "See which invoices took the rest",
            trigger:
                ".modal div[name=application_ids] .o_data_row:contains(Family 2):contains(50.00)",
        },
        {
            content: "See what reversing all would do",
            trigger: ".modal label:contains(Unapply and reverse all)",
            run: "click",
        },
        {
            content: "It opens invoices",
            trigger: ".modal .alert-info:contains(open again)",
        },
        {
            content: "Rather take back what is unused",
            trigger: ".modal label:contains(Take back what is unused)",
            run: "click",
        },
        {
            content: "See what that does",
            trigger: ".modal .alert-info:contains(80.00 is taken back)",
        },
        {
            content: "Enter a reason",
            trigger: ".modal div[name=reason] input",
            run: "edit Wrong class",
        },
        {
            content: "Confirm",
            trigger: ".modal button[name=action_confirm]",
            run: "click",
        },
        {
            content: "See the unused one reversed",
            trigger:
                "div[name=line_ids] .o_data_row:contains(Family 0) .badge:contains(Reversed)",
        },
        {
            content: "See the used one still posted",
            trigger:
                "div[name=line_ids] .o_data_row:contains(Family 2) .badge:contains(Posted)",
        },
        {
            content: "The counters are right at once: three credit notes, as before",
            trigger:
                "button[name=action_view_moves]:contains(3):contains(Credit Notes)",
        },
        {
            content: "of three accounts",
            trigger: "button[name=action_view_lines]:contains(3):contains(Accounts)",
        },
    ],
});
