import { Hand, type } from "@account_credit_posting/../tests/tours/hand";
import { registry } from "@web/core/registry";

const AMOUNT = ".modal [name=amount_for_all] input";
const POST = ".modal button[name=action_post]";

registry.category("web_tour.tours").add("post_credit_page_invoice", {
    steps: () => {
        const hand = new Hand();
        return [
            hand.start("button[name=action_post_credit]"),
            {
                content: "Post Credit",
                trigger: "button[name=action_post_credit]",
                run: "click",
            },
            {
                content: "The item of last time is proposed",
                trigger: ".modal [name=credit_item_id] input:value(Goodwill)",
            },
            type("The amount waits to be typed", AMOUNT, ..."15", "Tab"),
            {
                content: "See which invoice is paid, and what stays",
                trigger: ".modal .o_preview_account:contains(15.00 of INV/)",
            },
            { content: "Post", trigger: POST, run: "click" },
            {
                content: "Be told the result, with a link to the credit note",
                trigger:
                    ".o_notification:contains(15.00 of it paid invoices) a[href^='/odoo/account.move/']",
            },
            hand.end(
                "body:not(:has(.modal)) .o_form_view [name=amount_residual]:contains(25.00)",
                { clicks: 2, keys: 3 }
            ),
        ];
    },
});

/** By the keyboard alone: Enter leads on, and stops where something is missing. */
registry.category("web_tour.tours").add("post_credit_page_keyboard", {
    steps: () => {
        const hand = new Hand();
        return [
            hand.start("button[name=action_post_transaction]:contains(Post Credit)"),
            {
                content: "Post Credit, by its hotkey",
                trigger: ".o_form_view",
                run: "press Alt+Shift+c",
            },
            type("Type an amount, then Enter", AMOUNT, ..."12,5", "Enter"),
            {
                content: "Say which amount is meant",
                trigger: ".modal .o_amount_candidate:contains(12.50)",
                run: "press Enter",
            },
            type("Go on", `${AMOUNT}:value(12.50)`, "Enter"),
            type(
                "There is no item yet, and Enter waits for it",
                ".modal [name=credit_item_id] input",
                ..."Mis"
            ),
            {
                content: "See it",
                trigger: ".o-autocomplete--dropdown-item:contains(Missed Class)",
            },
            type("Choose it", ".modal [name=credit_item_id] input", "Enter"),
            {
                content: "See what will happen",
                trigger:
                    ".modal .o_preview_account:contains(No invoice now):contains(12.50)",
                run: "press Alt+q",
            },
            {
                content: "Be told the result",
                trigger: ".o_notification:contains(12.50 credited)",
            },
            hand.end(
                "body:not(:has(.modal)) .o_form_view [name=account_credit_balance]:contains(12.50)",
                { clicks: 0, keys: 20 }
            ),
        ];
    },
});

const AGREED = [
    {
        content: "Comment for the customer",
        trigger: ".modal [name=public_comment] textarea",
        run: "edit The snow day",
    },
    {
        content: "Comment for the office",
        trigger: ".modal [name=private_comment] textarea",
        run: "edit Agreed by phone",
    },
];

/** On a phone the buttons of an invoice are in a menu. */
registry.category("web_tour.tours").add("post_credit_page_phone", {
    steps: () => [
        {
            content: "Open the menu",
            trigger: ".o_statusbar_buttons button[title=More]",
            run: "click",
        },
        {
            content: "Post Credit",
            trigger: ".o-dropdown--menu button[name=action_post_credit]",
            run: "click",
        },
        {
            content: "See whose it is",
            trigger: ".modal .o_kanban_record:contains(Family 0):contains(40.00)",
        },
        { content: "Type the amount", trigger: AMOUNT, run: "edit 15" },
        ...AGREED,
        {
            content: "See which invoice is paid",
            trigger: ".modal .o_preview_account:contains(15.00 of INV/)",
        },
        { content: "Post", trigger: POST, run: "click" },
        {
            content: "See the invoice paid",
            trigger:
                "body:not(:has(.modal)) .o_form_view [name=amount_residual]:contains(25.00)",
        },
    ],
});

/** The decimals are those of the currency of the invoice. */
registry.category("web_tour.tours").add("post_credit_page_decimals", {
    steps: () => [
        {
            content: "Post Credit",
            trigger: "button[name=action_post_credit]",
            run: "click",
        },
        type("Three decimals, and nothing is asked", AMOUNT, ..."1.234", "Enter"),
        {
            content: "See what will happen",
            trigger: ".modal .o_preview_account:contains(1.234):contains(INV/)",
        },
        type("Enter posts, as nothing is missing", POST, "Enter"),
        {
            content: "See the invoice paid",
            trigger:
                "body:not(:has(.modal)) .o_form_view [name=amount_residual]:contains(38.766)",
        },
    ],
});

/** What is typed goes along to the five steps. */
registry.category("web_tour.tours").add("post_credit_page_several", {
    steps: () => [
        {
            content: "Post Credit",
            trigger: "button[name=action_post_credit]",
            run: "click",
        },
        { content: "Type the amount", trigger: AMOUNT, run: "edit 15" },
        ...AGREED,
        {
            content: "Several Accounts",
            trigger: ".modal button[name=action_open_steps]",
            run: "click",
        },
        {
            content: "Search another account",
            trigger: "body:not(:has(.modal)) [name=add_partner_id] input",
            run: "edit Family 1",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains(Family 1) a",
            run: "click",
        },
        {
            content: "See both",
            trigger: "div[name=step_accounts] .o_data_row:contains(Family 1)",
        },
        { content: "Go on", trigger: "button[name=action_next]", run: "click" },
        {
            content: "The amount is there",
            trigger: "div[name=step_amounts] [name=amount_for_all] input:value(15.00)",
        },
        { content: "Go on", trigger: "button[name=action_next]", run: "click" },
        {
            content: "See what will happen to both",
            trigger: "div[name=step_setup] .o_preview_credit:contains(30.00)",
        },
        { content: "Post", trigger: "button[name=action_post]", run: "click" },
        {
            content: "See the result",
            trigger:
                "div[name=step_result] .o_data_row:contains(Family 1) .fa-check-circle",
        },
    ],
});

/** Asking for an item comes back to the page, and nothing is lost. */
registry.category("web_tour.tours").add("post_credit_page_item_request", {
    steps: () => [
        {
            content: "Post Credit",
            trigger: "button[name=action_post_credit]",
            run: "click",
        },
        { content: "Type the amount", trigger: AMOUNT, run: "edit 15" },
        {
            content: "Ask for an item that is missing",
            trigger: ".modal button:contains(Ask for an Item)",
            run: "click",
        },
        {
            content: "Name it",
            trigger: ".modal [name=name] input",
            run: "edit Snow Day",
        },
        { content: "Ask", trigger: ".modal button[name=action_ask]", run: "click" },
        {
            content: "Be back, with the amount",
            trigger: `${AMOUNT}:value(15.00)`,
        },
        {
            content: "Leave it",
            trigger: ".modal .btn-secondary:contains(Discard)",
            run: "click",
        },
        { content: "See the invoice", trigger: "body:not(:has(.modal)) .o_form_view" },
    ],
});
