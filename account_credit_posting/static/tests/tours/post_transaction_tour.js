import { Hand, type } from "@account_credit_posting/../tests/tours/hand";
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const STEP = (name) =>
    `.o_statusbar_status button.o_arrow_button_current:contains(${name})`;

function goOn(step) {
    return [
        { content: "Go on", trigger: "button[name=action_next]", run: "click" },
        { content: `See the step ${step}`, trigger: STEP(step) },
    ];
}

function addAccount(text, result = text) {
    return [
        {
            content: `Search ${text}`,
            trigger: "[name=add_partner_id] input",
            run: `edit ${text}`,
        },
        {
            content: `Choose ${result}`,
            trigger: `.o-autocomplete--dropdown-item:contains(${result}) a`,
            run: "click",
        },
    ];
}

function chooseToAdd(field, text, button) {
    return [
        {
            content: `Search ${text}`,
            trigger: `[name=${field}] input`,
            run: `edit ${text}`,
        },
        {
            content: `Choose ${text}`,
            trigger: `.o-autocomplete--dropdown-item:contains(${text}) a`,
            run: "click",
        },
        {
            content: "Add everybody",
            trigger: `button[name=${button}]`,
            run: "click",
        },
    ];
}

function seeAccount(name) {
    return {
        content: `See ${name} in the list`,
        trigger: `div[name=step_accounts] .o_data_row:contains(${name})`,
    };
}

function setAllTo(amount) {
    return [
        {
            content: "Type the amount for all",
            trigger: "[name=amount_for_all] input",
            run: `edit ${amount}`,
        },
        { content: "Set all", trigger: "button[name=action_set_all]", run: "click" },
        {
            content: "See it beside the account",
            trigger: `div[name=step_amounts] .o_data_row [name=amount]:contains(${amount})`,
        },
    ];
}

function setUpAndPost(count) {
    return [
        {
            content: "Search the credit item",
            trigger: "[name=credit_item_id] input",
            run: "edit Goodwill",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains(Goodwill) a",
            run: "click",
        },
        {
            content: "See what will happen, for each account",
            trigger: ".o_credit_preview tbody tr",
            run({ queryAll }) {
                const rows = queryAll(".o_credit_preview .o_preview_account");
                if (rows.length !== count) {
                    throw new Error(`${rows.length} accounts in the preview`);
                }
            },
        },
        {
            content: "Comment for the customer",
            trigger: "[name=public_comment] textarea",
            run: "edit The snow day",
        },
        {
            content: "Comment for the office",
            trigger: "[name=private_comment] textarea",
            run: "edit Agreed by phone",
        },
        { content: "Post", trigger: "button[name=action_post]", run: "click" },
        { content: "See the result", trigger: STEP("Result") },
        {
            content: "See a green check for each account",
            trigger: ".o_data_row .fa-check-circle.text-success",
            run({ queryAll }) {
                const checks = queryAll(".o_data_row .fa-check-circle.text-success");
                if (checks.length !== count) {
                    throw new Error(`${checks.length} green checks, not ${count}`);
                }
            },
        },
    ];
}

const TO_AMOUNTS = [...goOn("Accounts"), ...goOn("Amounts")];

const POST_FIFTEEN = (count) => [
    ...TO_AMOUNTS,
    ...setAllTo("15.00"),
    ...goOn("Set-up"),
    ...setUpAndPost(count),
];

const START = {
    content: "Post Transaction",
    trigger: "button[name=action_post_transaction]",
    run: "click",
};

registry.category("web_tour.tours").add("post_transaction_menu", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open Invoicing",
            trigger: ".o_app[data-menu-xmlid='account.menu_finance']",
            run: "click",
        },
        {
            content: "Open Customers",
            trigger: "[data-menu-xmlid='account.menu_finance_receivables']",
            run: "click",
        },
        {
            content: "Open Post Transaction",
            trigger:
                "[data-menu-xmlid='account_credit_posting.account_post_transaction_menu']",
            run: "click",
        },
        { content: "See the first step", trigger: STEP("Type") },
        {
            content: "A credit is chosen",
            trigger: ".o_transaction_type:contains(Credit) input:checked",
        },
        ...goOn("Accounts"),
        {
            content: "Type without a click",
            trigger: "[name=add_partner_id] input:focus",
        },
        ...addAccount("Family 0"),
        seeAccount("Family 0"),
        {
            content: "Type the next one without a click",
            trigger: "[name=add_partner_id] input:focus:value()",
        },
        ...addAccount("a@example.com", "Anna"),
        seeAccount("Family 1"),
        ...addAccount("Family 2"),
        seeAccount("Family 2"),
        ...addAccount("Family 2"),
        {
            content: "Be told that it is there already",
            trigger: "[name=notice]:contains(Listed once)",
        },
        ...goOn("Amounts"),
        {
            content: "The first amount waits to be typed",
            trigger:
                "div[name=step_amounts] .o_data_row:first td[name=amount] input:focus",
        },
        ...["10", "20", "30"].map((amount, position) => ({
            content: `Type ${amount}, then Enter`,
            trigger: `div[name=step_amounts] .o_data_row:eq(${position}) td[name=amount] input`,
            run: `edit ${amount} && press Enter`,
        })),
        {
            content: "See the running total",
            trigger: "div[name=step_amounts] [name=total]:contains(60.00)",
        },
        { content: "Go back", trigger: "button[name=action_back]", run: "click" },
        { content: "See the accounts again", trigger: STEP("Accounts") },
        ...goOn("Amounts"),
        {
            content: "Nothing is lost",
            trigger: "div[name=step_amounts] [name=total]:contains(60.00)",
        },
        ...goOn("Set-up"),
        ...setUpAndPost(3),
        {
            content: "Open the first credit note",
            trigger: ".o_data_row:first [name=move_name] a",
            run: "click",
        },
        {
            content: "See the credit note",
            trigger: ".o_form_view .o_statusbar_status:contains(Posted)",
        },
        {
            content: "See what the customer reads on it",
            trigger: "[name=invoice_line_ids]:contains(The snow day)",
        },
    ],
});

registry.category("web_tour.tours").add("post_transaction_everybody", {
    steps: () => [
        { content: "See the first step", trigger: STEP("Type") },
        ...goOn("Accounts"),
        {
            content: "Go on without an account",
            trigger: "button[name=action_next]",
            run: "click",
        },
        {
            content: "Be told what is missing, and that nothing else is wrong",
            trigger:
                ".modal:contains(Add at least one account):not(:contains(Invalid Operation)) .btn-primary",
            run: "click",
        },
        ...chooseToAdd("category_ids", "Tour", "action_add_tagged"),
        seeAccount("Family 0"),
        seeAccount("Family 1"),
        ...chooseToAdd("filter_id", "Ours", "action_add_filtered"),
        seeAccount("Family 2"),
        {
            content: "Be told who is there already",
            trigger: "[name=notice]:contains(Listed once)",
        },
        {
            content: "Remove one",
            trigger:
                "div[name=step_accounts] .o_data_row:contains(Family 1) .o_list_record_remove button",
            run: "click",
        },
        {
            content: "See the number of accounts",
            trigger:
                "div[name=step_accounts] [name=accounts_text]:contains(2 accounts)",
        },
        ...goOn("Amounts"),
        {
            content: "Go on without amounts",
            trigger: "button[name=action_next]",
            run: "click",
        },
        {
            content: "Be told whose amount is missing",
            trigger: ".modal:contains(Family 0 and Family 2) .btn-primary",
            run: "click",
        },
        {
            content: "Type the amount for all, then Enter",
            trigger: "[name=amount_for_all] input",
            run: "edit 15.00 && press Enter",
        },
        {
            content: "See the total",
            trigger: "div[name=step_amounts] [name=total]:contains(30.00)",
        },
        ...goOn("Set-up"),
        { content: "Go back", trigger: "button[name=action_back]", run: "click" },
        { content: "See the amounts again", trigger: STEP("Amounts") },
        ...goOn("Set-up"),
        ...setUpAndPost(2),
    ],
});

/** On a narrow screen the step indicator shows one step, and search is a dialog. */
registry.category("web_tour.tours").add("post_transaction_narrow", {
    steps: () => [
        ...["accounts", "amounts"].flatMap((step) => [
            {
                content: "Go on",
                trigger: "button[name=action_next]",
                run: "click",
            },
            { content: `See the step ${step}`, trigger: `div[name=step_${step}]` },
        ]),
        {
            content: "Go back with one tap",
            trigger: ".o_form_sheet button[name=action_back]",
            run: "click",
        },
        {
            content: "See a card for each account",
            trigger:
                "div[name=step_accounts] .o_kanban_record:contains(Family 0):contains(40.00)",
        },
        {
            content: "Go on",
            trigger: "button[name=action_next]",
            run: "click",
        },
        ...setAllTo("15.00"),
        {
            content: "Go on",
            trigger: "button[name=action_next]",
            run: "click",
        },
        {
            content: "Search the credit item",
            trigger: "[name=credit_item_id] input",
            run: "click",
        },
        {
            content: "Choose it",
            trigger: ".modal .o_kanban_record:contains(Goodwill)",
            run: "click",
        },
        {
            content: "Comment for the customer",
            trigger: "[name=public_comment] textarea",
            run: "edit The snow day",
        },
        {
            content: "Comment for the office",
            trigger: "[name=private_comment] textarea",
            run: "edit Agreed by phone",
        },
        { content: "Post", trigger: "button[name=action_post]", run: "click" },
        {
            content: "See the green check",
            trigger:
                ".o_kanban_record:contains(Family 0) .fa-check-circle.text-success",
        },
        {
            content: "Open the credit note",
            trigger: ".o_kanban_record:contains(Family 0) [name=move_name] a",
            run: "click",
        },
        {
            content: "See the credit note",
            trigger: ".o_form_view .o_field_widget[name=invoice_line_ids]",
        },
    ],
});

/** What is typed beside *Set all to* counts, also without the button. */
registry.category("web_tour.tours").add("post_transaction_account", {
    steps: () => [
        START,
        ...TO_AMOUNTS,
        {
            content: "Type the amount for all",
            trigger: "[name=amount_for_all] input",
            run: "edit 15.00",
        },
        ...goOn("Set-up"),
        ...setUpAndPost(1),
    ],
});

registry.category("web_tour.tours").add("post_transaction_customers", {
    steps: () => [
        {
            content: "See the customers",
            trigger: ".o_data_row:contains(Family 1)",
        },
        {
            content: "Select all",
            trigger: "thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "See them selected",
            trigger: ".o_data_row_selected .o_list_record_selector input:checked",
        },
        START,
        ...POST_FIFTEEN(2),
    ],
});

registry.category("web_tour.tours").add("post_transaction_invoices", {
    steps: () => [
        {
            content: "Post Transaction with nothing selected",
            trigger: "button[name=action_post_credit]",
            run: "click",
        },
        ...goOn("Accounts"),
        ...addAccount("Family 0"),
        seeAccount("Family 0"),
        ...goOn("Amounts"),
        ...setAllTo("15.00"),
        ...goOn("Set-up"),
        ...setUpAndPost(1),
    ],
});

registry.category("web_tour.tours").add("post_transaction_charge", {
    steps: () => [
        START,
        { content: "See the first step", trigger: STEP("Type") },
        {
            content: "Choose Invoice",
            trigger: ".o_transaction_type:contains(Invoice) input",
            run: "click",
        },
        ...goOn("Accounts"),
        seeAccount("Family 0"),
        ...goOn("Amounts"),
        {
            content: "Type the item, which waits to be typed",
            trigger: "div[name=step_amounts] [name=charge_item_id] input:focus",
            run: "edit Tuition",
        },
        {
            content: "Choose the item",
            trigger: ".o-autocomplete--dropdown-item:contains(Tuition) a",
            run: "click",
        },
        {
            content: "See that its price is proposed",
            trigger:
                "div[name=step_amounts] .o_data_row [name=amount]:contains(100.00)",
        },
        {
            content: "See the total",
            trigger: "div[name=step_amounts] [name=total]:contains(100.00)",
        },
        ...goOn("Set-up"),
        {
            content: "Tick Post Credit",
            trigger: "[name=is_credit_posted] input",
            run: "click",
        },
        {
            content: "Type the credit for all",
            trigger: "[name=credit_amount_for_all] input",
            run: "edit 30.00",
        },
        {
            content: "Set all credits",
            trigger: "button[name=action_set_all_credits]",
            run: "click",
        },
        {
            content: "See it beside the invoice",
            trigger:
                "[name=credit_beside] .o_data_row [name=credit_amount]:contains(30.00)",
        },
        ...setUpAndPost(1),
        {
            content: "See the invoice beside the credit",
            trigger: ".o_data_row [name=charge_move_name]:contains(INV/)",
        },
        {
            content: "See the same total in the banner as in the list",
            trigger:
                ".alert-success [name=result_text]:contains(115.00 invoiced to 1 account, $ 100.00 before taxes)",
        },
        {
            content: "See the total of the invoice",
            trigger: ".o_data_row [name=charge_total]:contains(115.00)",
        },
        {
            content: "Open the batch",
            trigger: "button[name=action_view_batch]",
            run: "click",
        },
        {
            content: "See how many invoices there are",
            trigger: "button[name=action_view_charges]:contains(1):contains(Invoices)",
        },
        {
            content: "See how many credits there are",
            trigger:
                "button[name=action_view_moves]:contains(1):contains(Credit Notes)",
        },
        {
            content: "See the same total once more",
            trigger: "[name=charge_total]:contains(115.00)",
        },
    ],
});

const AMOUNTS = [...Array(23).keys()].map((position) => position + 1);

registry.category("web_tour.tours").add("post_transaction_amounts", {
    steps: () => [
        ...AMOUNTS.flatMap((amount, position) => [
            {
                content: `Row ${amount} waits to be typed`,
                trigger: `div[name=step_amounts] .o_data_row:eq(${position}) td[name=amount] input:focus`,
            },
            {
                content: `Type ${amount}, then Enter`,
                trigger: `div[name=step_amounts] .o_data_row:eq(${position}) td[name=amount] input`,
                run: `edit ${amount} && press Enter`,
            },
            {
                content: "See how many are filled",
                trigger: `[name=filled_text]:contains(${amount} of 23 filled)`,
            },
        ]),
        {
            content: "After the last one, Enter goes on",
            trigger: "button[name=action_next]:focus",
            run: "press Enter",
        },
        { content: "See the set-up", trigger: STEP("Set-up") },
        {
            content: "See the total",
            trigger: "div[name=step_setup] [name=total]:contains(276.00)",
        },
    ],
});

const AMOUNT = (position) =>
    `div[name=step_amounts] .o_data_row:eq(${position}) td[name=amount]`;

registry.category("web_tour.tours").add("post_transaction_written", {
    steps: () => [
        {
            content: "Type an amount as it is written elsewhere, then Enter",
            trigger: `${AMOUNT(0)} input`,
            run: "edit 12,50 && press Enter",
        },
        {
            content: "Say which amount is meant",
            trigger: ".modal .o_amount_candidate:contains(12.50)",
            run: "click",
        },
        {
            content: "Go on to the next row",
            trigger: `${AMOUNT(0)} input:focus`,
            run: "press Enter",
        },
        {
            content: "Type one that is far above what is owed",
            trigger: `${AMOUNT(1)} input`,
            run: "edit 1,250.00 && press Enter",
        },
        { content: "See it in amber", trigger: `${AMOUNT(1)} .text-warning` },
        {
            content: "The other one is not",
            trigger: `${AMOUNT(0)}:not(:has(.text-warning)):contains(12.50)`,
        },
        ...goOn("Set-up"),
        {
            content: "See it in amber in what will happen, before the other",
            trigger:
                ".o_preview_account:first:contains(Family 1) .o_preview_unusual.text-warning:contains(1,250.00)",
        },
    ],
});

function goBack(step) {
    return [
        { content: "Back", trigger: ".o_post_transaction", run: () => history.back() },
        { content: `See the step ${step} again`, trigger: STEP(step) },
    ];
}

/** Each step is a place to go back to, and nothing is lost. */
registry.category("web_tour.tours").add("post_transaction_browser_back", {
    steps: () => [
        {
            content: "Post Transaction with nothing selected",
            trigger: "button[name=action_post_credit]",
            run: "click",
        },
        { content: "See the first step", trigger: STEP("Type") },
        ...goOn("Accounts"),
        ...addAccount("Family 0"),
        seeAccount("Family 0"),
        ...goOn("Amounts"),
        ...goBack("Accounts"),
        seeAccount("Family 0"),
        ...goBack("Type"),
        ...goOn("Accounts"),
        seeAccount("Family 0"),
        ...goOn("Amounts"),
        {
            content: "Type an amount that is not saved yet",
            trigger: "div[name=step_amounts] .o_data_row td[name=amount] input",
            run: "edit 15",
        },
        ...goBack("Accounts"),
        ...goOn("Amounts"),
        {
            content: "It is there",
            trigger: "div[name=step_amounts] [name=total]:contains(15.00)",
        },
        ...goOn("Set-up"),
        ...setUpAndPost(1),
        ...goBack("Result"),
        {
            content: "What is posted stays",
            trigger: ".o_data_row .fa-check-circle.text-success",
        },
        ...goBack("Result"),
        ...goBack("Result"),
        ...goBack("Result"),
        { content: "Back", trigger: ".o_post_transaction", run: () => history.back() },
        {
            content: "See where one came from",
            trigger: ".o_list_view button[name=action_post_credit]",
        },
    ],
});

/** From the menu: the page was new, and Back leads to no empty one. */
registry.category("web_tour.tours").add("post_transaction_browser_back_new", {
    steps: () => [
        {
            content: "See the customers",
            trigger: ".o_data_row:contains(Family 1)",
        },
        {
            content: "Open Customers",
            trigger: "[data-menu-xmlid='account.menu_finance_receivables']",
            run: "click",
        },
        {
            content: "Open Post Transaction",
            trigger:
                "[data-menu-xmlid='account_credit_posting.account_post_transaction_menu']",
            run: "click",
        },
        { content: "See the first step", trigger: STEP("Type") },
        ...goOn("Accounts"),
        ...addAccount("Family 0"),
        seeAccount("Family 0"),
        ...goBack("Type"),
        ...goOn("Accounts"),
        seeAccount("Family 0"),
        ...goBack("Type"),
        { content: "Back", trigger: ".o_post_transaction", run: () => history.back() },
        {
            content: "See the customers again, and no empty page",
            trigger: ".o_list_view .o_data_row:contains(Family 1)",
        },
    ],
});

/** Three accounts, from any page, with no mouse at hand. */
registry.category("web_tour.tours").add("post_transaction_keys", {
    steps: () => {
        const hand = new Hand();
        const ADD = "[name=add_partner_id] input";
        const addByKeys = (text, name) => [
            type(`Type ${text}`, ADD, ...text),
            {
                content: `See ${name}`,
                trigger: `.o-autocomplete--dropdown-item:contains(${name})`,
            },
            type(`Choose ${name}`, ADD, "Enter"),
            seeAccount(name),
        ];
        return [
            hand.start(".o_post_transaction_systray"),
            {
                content: "Post Transaction, by its hotkey",
                trigger: ".o_list_view .o_data_row",
                run: "press Alt+Shift+p",
            },
            type(
                "A credit is chosen; go on",
                ".o_transaction_type:contains(Credit) input:checked",
                "Enter"
            ),
            ...addByKeys("abb", "Abbott Family"),
            ...addByKeys("bak", "Baker Family"),
            ...addByKeys("che", "Chen Family"),
            type("Enter in the empty box leaves it", ADD, "Enter"),
            type("Enter goes on", "button[name=action_next]", "Enter"),
            ...["10", "20", "30"].map((amount, row) =>
                type(`Type ${amount}`, `${AMOUNT(row)} input`, ...amount, "Enter")
            ),
            type("Enter goes on", "button[name=action_next]", "Enter"),
            type("Type why", "div[name=credit_item_id] input", ..."goo"),
            {
                content: "See the item",
                trigger: ".o-autocomplete--dropdown-item:contains(Goodwill)",
            },
            type("Choose it", "div[name=credit_item_id] input", "Enter"),
            {
                content: "See what will happen, and post",
                trigger: ".o_preview_credit:contains(60.00)",
                run: "press Alt+q",
            },
            hand.end(".o_data_row:eq(2) .fa-check-circle.text-success", {
                clicks: 0,
                keys: 40,
            }),
        ];
    },
});
