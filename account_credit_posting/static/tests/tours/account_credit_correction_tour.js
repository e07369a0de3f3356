import { registry } from "@web/core/registry";

const CREDITS = "div[name=open_credit_line_ids] .o_data_row";
const NO_DIALOG = "body:not(:has(.modal))";

function openCredits() {
    return [
        {
            content: "Open the billing of the account",
            trigger: "button[name=action_view_billing]",
            run: "click",
        },
        {
            content: "Turn to Credits",
            trigger: ".o_notebook a[name=credits]",
            run: "click",
        },
    ];
}

function confirm(label) {
    return {
        content: `Click ${label}`,
        trigger: `.modal button[name=action_confirm]:contains(${label})`,
        run: "click",
    };
}

registry.category("web_tour.tours").add("account_credit_edit", {
    steps: () => [
        ...openCredits(),
        {
            content: "A clerk neither moves nor deletes",
            trigger: `${CREDITS}:not(:has(.fa-exchange)):not(:has(.fa-trash))`,
        },
        { content: "Edit", trigger: `${CREDITS} .fa-pencil`, run: "click" },
        {
            content: "The amount is not the clerk's to change",
            trigger: ".modal div[name=amount]:not(:has(input)):contains(50.00)",
        },
        {
            content: "Another comment",
            trigger: ".modal div[name=public_comment] textarea",
            run: "edit The second snow day",
        },
        confirm("Save"),
        {
            content: "See it",
            trigger: `${NO_DIALOG} ${CREDITS}:contains(The second snow day)`,
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_replace_and_move", {
    steps: () => [
        ...openCredits(),
        {
            content: "Edit what is left of it",
            trigger: `${CREDITS}:contains(20.00) .fa-pencil`,
            run: "click",
        },
        {
            content: "A change of amount",
            trigger: ".modal div[name=amount] input",
            run: "edit 40 && press Tab",
        },
        {
            content: "See before and after, and the invoice that it pays",
            trigger:
                ".modal div[name=preview]:contains(50.00):contains(40.00):contains(INV/)",
        },
        {
            content: "Enter a reason",
            trigger: ".modal div[name=reason] input",
            run: "edit Typing error",
        },
        confirm("Reverse and Post Anew"),
        {
            content: "See what is left of the new one",
            trigger: `${NO_DIALOG} ${CREDITS}:contains(10.00) .fa-exchange`,
            run: "click",
        },
        {
            content: "Move it to another account",
            trigger: ".modal div[name=partner_id] input",
            run: "edit Family 1",
        },
        {
            content: "Choose it",
            trigger: ".modal .o-autocomplete--dropdown-item a:contains(Family 1)",
            run: "click",
        },
        {
            content: "See the entry before it is posted",
            trigger: ".modal div[name=preview]:contains(Family 1):contains(10.00)",
        },
        {
            content: "Enter a reason",
            trigger: ".modal div[name=reason] input",
            run: "edit The sibling goes on",
        },
        confirm("Move"),
        {
            content: "No open credit is left",
            trigger: `${NO_DIALOG} .o_form_view:not(:has(${CREDITS})):contains(No open credit)`,
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_delete", {
    steps: () => [
        ...openCredits(),
        { content: "Delete", trigger: `${CREDITS} .fa-trash`, run: "click" },
        {
            content: "What it paid, too",
            trigger: ".modal label:contains(Unapply and reverse all)",
            run: "click",
        },
        {
            content: "See the invoice that is open again",
            trigger: ".modal div[name=preview]:contains(INV/):contains(30.00)",
        },
        {
            content: "Enter a reason",
            trigger: ".modal div[name=reason] input",
            run: "edit Wrong family",
        },
        confirm("Delete"),
        {
            content: "No open credit is left",
            trigger: `${NO_DIALOG} .o_form_view:not(:has(${CREDITS})):contains(No open credit)`,
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_extend", {
    steps: () => [
        {
            content: "See that the credit has expired",
            trigger: "div[name=line_ids] td[name=expired_on]:not(:empty)",
        },
        {
            content: "Extend the batch",
            trigger: ".o_statusbar_buttons button:contains(Extend)",
            run: "click",
        },
        {
            content: "Read what it posts",
            trigger: ".modal div[name=effect]:contains(Expired credits: 1)",
        },
        {
            content: "Choose the date",
            trigger:
                ".modal div[name=expiry_date] input, .modal div[name=expiry_date] button",
            run: "click",
        },
        {
            content: "Enter it",
            trigger: ".modal div[name=expiry_date] input",
            run: "edit 12/31/2099",
        },
        {
            content: "Enter a reason",
            trigger: ".modal div[name=reason] input",
            run: "edit Long illness",
        },
        confirm("Extend"),
        {
            content: "See that it is open again",
            trigger: `${NO_DIALOG} div[name=line_ids] td[name=expired_on]:empty`,
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_ask_for_approval", {
    steps: () => [
        {
            content: "Read that it will wait",
            trigger: "div[name=step_setup] [name=approval_warning]:contains(waits)",
        },
        { content: "Post", trigger: "button[name=action_post]", run: "click" },
        {
            content: "Read that nothing is posted",
            trigger: ".o_post_transaction:contains(Nothing is posted until then)",
        },
        {
            content: "Open the batch",
            trigger: "button[name=action_view_batch]",
            run: "click",
        },
        {
            content: "The author cannot approve it",
            trigger:
                ".o_form_view:not(:has(button[name=action_approve])) button[name=action_cancel]:contains(Withdraw)",
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_approve", {
    steps: () => [
        {
            content: "Open what waits",
            trigger: ".o_list_view .o_data_row td[name=name]",
            run: "click",
        },
        {
            content: "Approve",
            trigger: "button[name=action_approve]",
            run: "click",
        },
        {
            content: "See it posted",
            trigger: ".o_form_view div[name=line_ids] .badge:contains(Posted)",
        },
        {
            content: "See by whom",
            trigger: ".o_form_view div[name=approved_by_id]:contains(manager)",
        },
    ],
});

registry.category("web_tour.tours").add("account_credit_read_only", {
    steps: () => [
        {
            content: "No plus button",
            trigger: ".o_menu_systray:not(:has(.o_post_transaction_systray))",
        },
        ...openCredits(),
        {
            content: "See the credit, with nothing to click",
            trigger: `${CREDITS}:contains(20.00):not(:has(.fa-pencil)):not(:has(.fa-trash))`,
        },
        {
            content: "Nothing to post",
            trigger: ".o_form_view:not(:has(button[name=action_post_transaction]))",
        },
        {
            content: "Turn to the history",
            trigger: ".o_notebook a:contains(Transaction History)",
            run: "click",
        },
        {
            content: "See the credit in it",
            trigger: ".o_notebook .tab-pane.active .o_data_row:contains(50.00)",
        },
    ],
});
