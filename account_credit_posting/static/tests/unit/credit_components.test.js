import {
    advanceTime,
    animationFrame,
    expect,
    press,
    queryAllTexts,
    test,
    waitFor,
} from "@odoo/hoot";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { localization } from "@web/core/l10n/localization";
import { readAmount } from "@account_credit_posting/written_amount/read_amount";

/** What the tests give to a field of the type JSON, by its name. */
const JSON_VALUES = {};

class Line extends models.Model {
    _name = "line";

    name = fields.Char();
    amount = fields.Float();

    _records = [1, 2, 3, 4, 5].map((id) => ({ id, name: `Family ${id}`, amount: 0 }));
}

class Transaction extends models.Model {
    _name = "transaction";

    line_ids = fields.One2many({ relation: "line" });

    transaction_type = fields.Selection({
        selection: [
            ["invoice", "Invoice"],
            ["credit", "Credit"],
        ],
    });
    state = fields.Selection({
        selection: [
            ["pending", "Pending"],
            ["posted", "Posted"],
            ["failed", "Failed"],
        ],
    });
    amount_for_all = fields.Float();
    amount = fields.Monetary({ currency_field: "currency_id" });
    currency_id = fields.Many2one({ relation: "res.currency" });
    progress_info = fields.Json();
    preview = fields.Json();

    _records = [
        {
            id: 1,
            transaction_type: "credit",
            state: "posted",
            amount_for_all: 10,
            amount: 10,
            currency_id: 1,
            line_ids: [1, 2, 3, 4, 5],
        },
    ];

    web_read() {
        return super
            .web_read(...arguments)
            .map((values) => ({ ...values, ...JSON_VALUES }));
    }
}

defineMailModels();
defineModels([Line, Transaction]);
onRpc("has_group", () => true);

function mountField(arch) {
    return mountView({
        type: "form",
        resModel: "transaction",
        resId: 1,
        arch: `<form>${arch}</form>`,
    });
}

function giveJson(values) {
    for (const name of Object.keys(JSON_VALUES)) {
        delete JSON_VALUES[name];
    }
    Object.assign(JSON_VALUES, values);
}

const PROGRESS = {
    batch_id: 7,
    work: "post",
    is_working: true,
    is_paused: false,
    line_count: 1000,
    done: 240,
    failed: 10,
    seconds: 25,
};

test("a type is chosen by its card", async () => {
    giveJson({});
    await mountField(`<field name="transaction_type" widget="transaction_type"/>`);
    expect(".o_transaction_type").toHaveCount(2);
    expect(".o_transaction_type input[value=credit]").toBeChecked();
    await contains(".o_transaction_type input[value=invoice]").click();
    expect(".o_transaction_type:has(input[value=invoice])").toHaveClass(
        "border-primary"
    );
    expect(".o_transaction_type input[value=credit]").not.toBeChecked();
});

test("Enter gives the amount to all", async () => {
    giveJson({});
    onRpc("transaction", "action_set_all", ({ args }) => {
        expect.step(`set all of ${args[0]}`);
        return true;
    });
    onRpc("transaction", "web_save", ({ args }) => {
        expect.step(`save ${args[1].amount_for_all}`);
    });
    await mountField(`<field name="amount_for_all" widget="amount_for_all"/>`);
    await contains("[name=amount_for_all] input").edit("25", { confirm: false });
    await press("Enter");
    await expect.waitForSteps(["save 25", "set all of 1"]);
});

test("Enter does what the options say", async () => {
    giveJson({});
    onRpc("transaction", "action_set_all_credits", () => {
        expect.step("set all credits");
        return true;
    });
    await mountField(
        `<field name="amount_for_all" widget="amount_for_all"
            options="{'action': 'action_set_all_credits'}"/>`
    );
    await contains("[name=amount_for_all] input").edit("25", { confirm: false });
    await press("Enter");
    await expect.waitForSteps(["set all credits"]);
});

test("a state is an icon that says what it means", async () => {
    giveJson({});
    await mountField(`<field name="state" widget="credit_state_icon"/>`);
    expect("[name=state] i").toHaveClass("fa-check-circle text-success");
    expect("[name=state] i").toHaveAttribute("aria-label", "Posted");
});

test("progress shows how far the batch is, and asks by itself", async () => {
    giveJson({ progress_info: PROGRESS });
    await mountField(`<field name="progress_info" widget="credit_progress"/>`);
    expect(".progress-bar").toHaveText("25 %");
    expect(".o_credit_counts").toHaveText("240 posted, 10 failed, 750 remaining");
    expect(".o_credit_pace").toHaveText("10 per second, 1:15 left");
    giveJson({ progress_info: { ...PROGRESS, done: 490 } });
    await advanceTime(5000);
    expect(".progress-bar").toHaveText("50 %");
    giveJson({ progress_info: { ...PROGRESS, done: 990, is_working: false } });
    await advanceTime(5000);
    expect(".progress-bar").toHaveCount(0);
});

test("large numbers of accounts are grouped", async () => {
    giveJson({
        progress_info: { ...PROGRESS, line_count: 50000, done: 12345, failed: 1000 },
    });
    await mountField(`<field name="progress_info" widget="credit_progress"/>`);
    expect(".o_credit_counts").toHaveText(
        "12,345 posted, 1,000 failed, 36,655 remaining"
    );
});

test("progress of a batch that waits, or is paused, has no pace", async () => {
    giveJson({ progress_info: { ...PROGRESS, done: 0, failed: 0, seconds: 0 } });
    await mountField(`<field name="progress_info" widget="credit_progress"/>`);
    expect(".o_credit_pace").toHaveText("Waiting for a worker");
    giveJson({ progress_info: { ...PROGRESS, is_paused: true } });
    await advanceTime(5000);
    expect(".o_credit_pace").toHaveText("Paused");
});

function makePreview(count, values = {}) {
    const accounts = [...Array(count).keys()].map((number) => ({
        account_id: number + 1,
        name: `Family ${number}`,
        currency_id: 1,
        charge: 0,
        credit: 10,
        pays: [],
        also: [],
        left: 10,
        blocked: false,
        ended: false,
        skipped: false,
        unusual: false,
    }));
    return {
        accounts,
        totals: [
            {
                currency_id: 1,
                charge: 0,
                credit: 10 * count,
                pays: 0,
                left: 10 * count,
            },
        ],
        has_charges: false,
        posted_count: count,
        skipped_count: 0,
        sample: false,
        vat: [],
        entry: [],
        sides: { debit: "Debit", credit: "Credit" },
        entry_currency_id: 1,
        ...values,
    };
}

test("the preview lists who is skipped first, and the others on request", async () => {
    const preview = makePreview(30, { skipped_count: 1 });
    preview.accounts[25].skipped = "Family 25 is archived.";
    giveJson({ preview });
    await mountField(`<field name="preview" widget="credit_preview"/>`);
    expect(".o_preview_account").toHaveCount(20);
    expect(queryAllTexts(".o_preview_account")[0]).toMatch(/Family 25 is archived/);
    expect(".alert-warning").toHaveText("1 account will be skipped.");
    await contains("button:contains(Show 10 more)").click();
    expect(".o_preview_account").toHaveCount(30);
});

test("the preview shows unusual credits in amber, before the others", async () => {
    const preview = makePreview(30);
    preview.accounts[25].unusual = "Far more than usual.";
    giveJson({ preview });
    await mountField(`<field name="preview" widget="credit_preview"/>`);
    expect(queryAllTexts(".o_preview_account")[0]).toMatch(/Family 25/);
    expect(".o_preview_unusual").toHaveCount(1);
    expect(".o_preview_unusual").toHaveClass("text-warning");
    expect(".o_preview_account:first").toHaveText(/Far more than usual/);
});

test("the preview says whose early payment discount ends", async () => {
    const preview = makePreview(2);
    preview.accounts[1].ended = "This ends the early payment discount of INV/1.";
    giveJson({ preview });
    await mountField(`<field name="preview" widget="credit_preview"/>`);
    expect(queryAllTexts(".o_preview_ended")).toEqual([
        "This ends the early payment discount of INV/1.",
    ]);
});

test("the preview has a column for invoices where there are some", async () => {
    giveJson({ preview: makePreview(1) });
    await mountField(`<field name="preview" widget="credit_preview"/>`);
    expect("thead th").toHaveCount(4);
    expect(".o_preview_charge").toHaveCount(0);
});

test("the preview shows invoice and credit side by side", async () => {
    const preview = makePreview(1, { has_charges: true });
    preview.accounts[0].charge = 100;
    preview.accounts[0].pays = [
        { invoice_id: false, name: "this invoice", date_due: "2026-11-30", amount: 10 },
    ];
    preview.totals[0].charge = 100;
    giveJson({ preview });
    await mountField(`<field name="preview" widget="credit_preview"/>`);
    expect("thead th").toHaveCount(5);
    expect(".o_preview_charge").toHaveText(/100\.00/);
    expect(".o_preview_account").toHaveText(/this invoice/);
});

const AMOUNTS = `
    <field name="line_ids" widget="amount_list" options="{'focused': True}">
        <list create="0" editable="bottom" limit="2">
            <field name="name" readonly="1"/>
            <field name="amount"/>
        </list>
    </field>
    <button name="action_next" type="object" string="Next"/>`;

test("Enter goes from page to page, and after the last row to Next", async () => {
    giveJson({});
    onRpc("transaction", "web_save", ({ args }) => {
        const changes = args[1].line_ids.map(([, id, vals]) => `${id}: ${vals.amount}`);
        expect.step(changes.join(", "));
    });
    await mountField(AMOUNTS);
    for (const [row, amount] of [
        [0, "10"],
        [1, "20"],
        [0, "30"],
        [1, "40"],
        [0, "50"],
    ]) {
        const cell = `.o_data_row:eq(${row}) td[name=amount] input`;
        await waitFor(`${cell}:focus`);
        await contains(cell).edit(amount, { confirm: false });
        await press("Enter");
        await animationFrame();
    }
    expect(".o_field_x2many .o_pager_value").toHaveText("5-5");
    await waitFor("button[name=action_next]:focus");
    await contains(".o_form_button_save").click();
    await expect.waitForSteps(["1: 10, 2: 20, 3: 30, 4: 40, 5: 50"]);
});

test("Enter on a row before the last of a page stays on it", async () => {
    giveJson({});
    await mountField(AMOUNTS);
    await waitFor(".o_data_row:eq(0) td[name=amount] input:focus");
    await press("Enter");
    await waitFor(".o_data_row:eq(1) td[name=amount] input:focus");
    expect(".o_field_x2many .o_pager_value").toHaveText("1-2");
});

const ENGLISH = { decimalPoint: ".", thousandsSep: "," };
const GERMAN = { decimalPoint: ",", thousandsSep: "." };
const FRENCH = { decimalPoint: ",", thousandsSep: "\u202f" };
const SWISS = { decimalPoint: ".", thousandsSep: "’" };

test("an amount is read by the language, and asked about where that is in doubt", () => {
    for (const [language, text, digits, expected] of [
        [ENGLISH, "12.50", 2, { amount: 12.5 }],
        [ENGLISH, " 1,234.50 $ ", 2, { amount: 1234.5 }],
        [ENGLISH, "$1,500", 2, { amount: 1500 }],
        [ENGLISH, "-5", 2, { amount: -5 }],
        [ENGLISH, ".5", 2, { amount: 0.5 }],
        [ENGLISH, "", 2, { amount: 0 }],
        [ENGLISH, "1,250,000.00", 2, { amount: 1250000 }],
        [ENGLISH, "12,50", 2, { candidates: [12.5] }],
        [ENGLISH, "1.234,56", 2, { candidates: [1234.56] }],
        [ENGLISH, "1.234", 2, { candidates: [1234] }],
        [ENGLISH, "1.500", 2, { candidates: [1.5, 1500] }],
        [ENGLISH, "1.500", 3, { amount: 1.5 }],
        [ENGLISH, "1.50", 0, {}],
        [ENGLISH, "1,500", 0, { amount: 1500 }],
        [ENGLISH, "1e9", 2, {}],
        [ENGLISH, "12.50.1", 2, {}],
        [ENGLISH, "1,2,3", 2, {}],
        [ENGLISH, "twelve", 2, {}],
        [ENGLISH, "12 EUR", 2, {}],
        [ENGLISH, "=100/3", 2, { amount: 33.33 }],
        [ENGLISH, "=2*(1,000.50+1)", 2, { amount: 2003 }],
        [ENGLISH, "=2*12,50", 2, {}],
        [ENGLISH, "=1e9", 2, {}],
        [GERMAN, "12,50", 2, { amount: 12.5 }],
        [GERMAN, "1.234,50", 2, { amount: 1234.5 }],
        [GERMAN, "1.500", 2, { amount: 1500 }],
        [GERMAN, "12.50", 2, { candidates: [12.5] }],
        [GERMAN, "1,234.50", 2, { candidates: [1234.5] }],
        [FRENCH, "1 234,50", 2, { amount: 1234.5 }],
        [FRENCH, "1\u202f234,50", 2, { amount: 1234.5 }],
        [FRENCH, "12.50", 2, { candidates: [12.5] }],
        [FRENCH, "1.500", 2, { candidates: [1.5, 1500] }],
        [SWISS, "1’234.50", 2, { amount: 1234.5 }],
        [SWISS, "1'234.50", 2, { amount: 1234.5 }],
        [SWISS, "1,234.50", 2, { candidates: [1234.5] }],
    ]) {
        patchWithCleanup(localization, { ...language });
        const message = `${text} with ${language.decimalPoint}, ${digits} digits`;
        expect(readAmount(text, { digits, symbols: ["$", "USD"] })).toEqual(expected, {
            message,
        });
    }
});

test("the clerk chooses which amount is meant", async () => {
    giveJson({});
    onRpc("transaction", "web_save", ({ args }) => {
        expect.step(`save ${args[1].amount}`);
    });
    await mountField(`<field name="currency_id" invisible="1"/>
        <field name="amount" widget="written_amount"/>`);
    await contains("[name=amount] input").edit("1.500", { confirm: "tab" });
    await waitFor(".modal:contains(1.500)");
    expect(queryAllTexts(".o_amount_candidate")).toEqual(["1.50", "1,500.00"]);
    expect(".modal").toHaveCount(1);
    await contains(".o_amount_candidate:contains(1,500.00)").click();
    expect("[name=amount] input").toHaveValue("1,500.00");
    await contains(".o_form_button_save").click();
    await expect.waitForSteps(["save 1500"]);
});

test("what is asked about is not saved before the answer", async () => {
    giveJson({});
    onRpc("transaction", "web_save", () => {
        expect.step("save");
    });
    await mountField(`<field name="currency_id" invisible="1"/>
        <field name="amount" widget="written_amount"/>`);
    await contains("[name=amount] input").edit("12,50", { confirm: "tab" });
    await contains(".modal button:contains(Type It Again)").click();
    await contains(".o_form_button_save").click();
    expect.verifySteps([]);
    expect("[name=amount]").toHaveClass("o_field_invalid");
});

test("what is no amount is refused", async () => {
    giveJson({});
    await mountField(`<field name="currency_id" invisible="1"/>
        <field name="amount" widget="written_amount"/>`);
    await contains("[name=amount] input").edit("1e9", { confirm: "tab" });
    await waitFor(
        ".o_notification:contains(1e9 is not a valid amount. Write it like 1,234.50.)"
    );
    expect(".o_notification").toHaveCount(1);
    expect("[name=amount]").toHaveClass("o_field_invalid");
});

test("the amount for all is read like any other", async () => {
    giveJson({});
    onRpc("transaction", "action_set_all", () => {
        expect.step("set all");
        return true;
    });
    await mountField(`<field name="amount_for_all" widget="amount_for_all"/>`);
    await contains("[name=amount_for_all] input").edit("12,50", { confirm: false });
    await press("Enter");
    await contains(".o_amount_candidate:contains(12.50)").click();
    expect("[name=amount_for_all] input").toHaveValue("12.50");
    expect.verifySteps([]);
    await contains("[name=amount_for_all] input").press("Enter");
    await expect.waitForSteps(["set all"]);
});
