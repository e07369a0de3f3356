import json

from odoo.tests import tagged

from odoo.addons.web.controllers.utils import clean_action

from .common_liability import LiabilityCommon
from .test_tours import TourCommon

#: Opens each page, and waits until the cursor is where it belongs, and stays there.
LOOK = """
(async () => {
    const { services } = odoo.__WOWL_DEBUG__.root.env;
    const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const wrong = [];
    function isThere(selector) {
        const { activeElement } = document;
        const { selectionStart, selectionEnd, value } = activeElement;
        // What is proposed is replaced by what is typed, not joined with it.
        const isReady =
            !activeElement.closest("[name*=amount]") ||
            (selectionStart === 0 && selectionEnd === value.length);
        return activeElement.matches(selector) && isReady;
    }
    for (const { name, action, selector } of %s) {
        services.dialog.closeAll();
        document.activeElement.blur();
        await services.action.doAction(action, { clearBreadcrumbs: true });
        const end = performance.now() + 5000;
        let frames = 0;
        while (frames < 10 && performance.now() < end) {
            await nextFrame();
            frames = isThere(selector) ? frames + 1 : 0;
        }
        if (frames < 10) {
            const { activeElement } = document;
            const field = activeElement.closest("[name]");
            const at = field ? field.getAttribute("name") : activeElement.className;
            wrong.push(`${name}: ${activeElement.tagName} ${at}`);
        }
    }
    if (wrong.length) {
        console.error("cursor elsewhere: " + wrong.join("; "));
    } else {
        console.log("test successful");
    }
})();
"""


@tagged("post_install", "-at_install")
class TestToursCursor(LiabilityCommon, TourCommon):
    """The cursor of each dialog and page of ours is where typing starts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_invoice(cls.account, 100)
        cls.batch = cls._create_batch({cls.account: 50})
        cls.company.credit_application_policy = "manual"
        cls.batch.action_post()
        cls.line = cls.batch.line_ids

    def setUp(self):
        super().setUp()
        self.card = self._issue(80)

    def _look(self, rows, user):
        """Look at pages in one browser.

        :param rows: ``(name, action, selector of what has the cursor)``
        """
        table = [
            {
                "name": name,
                "action": clean_action(dict(action), self.env(user=user)),
                "selector": selector,
            }
            for name, action, selector in rows
        ]
        self.browser_js(
            "/odoo/billing",
            LOOK % json.dumps(table, default=str),
            "odoo.isReady === true",
            login=user.login,
            timeout=180,
        )

    def _change(self, record, change):
        return record.with_user(self.manager).with_context(change=change).action_change

    def _open(self, name):
        return self.env["ir.actions.act_window"]._for_xml_id(
            f"account_credit_posting.{name}"
        )

    def _open_transaction(self, step, **vals):
        transactions = self.env["account.post.transaction"].with_user(self.manager)
        action = transactions._get_open_action(partners=self.accounts[:2])
        transactions.browse(action["res_id"]).write({"step": step, **vals})
        return action

    def test_stored_value(self):
        account = self.account.with_user(self.manager)
        nobody = account[:0]
        rows = [
            ("correct", self._change(self.card, "adjust")(), "[name=amount] input"),
            ("delete", self._change(self.card, "void")(), "[name=reason] input"),
            ("block", self._change(self.card, "block")(), "[name=reason] input"),
            ("move", self._change(self.card, "move")(), "[name=partner_id] input"),
            ("refund", self._change(self.card, "refund")(), "[name=amount] input"),
            ("cash", self._change(self.card, "cash_out")(), "[name=journal_id] input"),
            (
                "email",
                self._change(self.card, "send")(),
                "[name=recipient_email] input",
            ),
            ("use", account.action_use_stored_value(), "td[name=amount] input"),
            (
                "use for invoice",
                self.invoice.with_user(self.manager).action_use_stored_value(),
                "td[name=amount] input",
            ),
            ("redeem", account.action_redeem_code(), "#redeem_code_input"),
            (
                "new card",
                account.action_new_stored_value(),
                "[name=initial_amount] input",
            ),
            (
                "new prepayment",
                account.with_context(value_type="prepayment").action_new_stored_value(),
                "[name=initial_amount] input",
            ),
            (
                "new card of nobody yet",
                nobody._get_new_stored_value_action(),
                "[name=partner_id] input",
            ),
        ]
        dialogs = [(name, action, f".modal {where}") for name, action, where in rows]
        self._look(dialogs, self.manager)

    def test_code(self):
        values = self.values.with_user(self.clerk)
        card = values.create(
            {
                "value_type": "gift_card",
                "partner_id": self.account.id,
                "initial_amount": 20,
                "funding": "payment",
                "journal_id": self.bank.id,
            }
        )
        self._look([("code", card.action_issue(), ".modal .o_print_card")], self.clerk)

    def test_credits(self):
        account = self.account.with_user(self.manager).with_context(one_page=True)
        batch = self.batch.with_user(self.manager)
        rows = [
            ("edit", self._change(self.line, "edit")(), "[name=amount] input"),
            ("delete", self._change(self.line, "delete")(), "[name=reason] input"),
            ("move", self._change(self.line, "move")(), "[name=partner_id] input"),
            ("reverse", batch.action_open_reverse(), "[name=reason] input"),
            (
                "one page",
                account.action_post_transaction(),
                "[name=amount_for_all] input",
            ),
            (
                "statement",
                self.account.with_user(self.manager).action_print_statement(),
                "[name=date_from] input",
            ),
            (
                "ask for an item",
                self._open("account_credit_item_request_action"),
                "[name=name] input",
            ),
        ]
        dialogs = [(name, action, f".modal {where}") for name, action, where in rows]
        self._look(dialogs, self.manager)

    def test_pages_of_administrators(self):
        self._owe_to_a_state()
        self.account.write(
            {
                "country_id": self.env.ref("base.us").id,
                "state_id": self.env.ref("base.state_us_8").id,
            }
        )
        due = self.env["account.unclaimed.due"].browse(self._issue(30).id)
        due.with_user(self.manager).action_hand()
        rows = self.env["account.unclaimed.property"].search([])
        pages = {
            "product_credit_item_action": "[name=name] textarea",
            "account_unclaimed_rule_action": "[name=kind] input",
            "account_breakage_estimate_action": "[name=kind] input",
        }
        looks = [
            (name, {**self._open(name), "views": [(False, "form")]}, selector)
            for name, selector in pages.items()
        ]
        remit = rows.with_user(self.manager).action_remit()
        looks.append(("to the state", remit, ".modal [name=partner_id] input"))
        self._look(looks, self.manager)

    def test_credits_of_the_clerk(self):
        line = self.line.with_user(self.clerk).with_context(change="edit")
        self._look(
            [("edit", line.action_change(), ".modal [name=public_comment] textarea")],
            self.clerk,
        )

    def test_transactions(self):
        transactions = self.env["account.post.transaction"].with_user(self.manager)
        payments = self.env["account.post.payment"].with_user(self.manager)
        refunds = self.env["account.post.refund"].with_user(self.manager)
        nobody = transactions.create({})
        one = transactions.browse(
            transactions._get_open_action(partners=self.account)["res_id"]
        )
        pasted = transactions.browse(self._open_transaction("accounts")["res_id"])
        self._create_payment(30)
        rows = [
            (
                "type",
                self._open("account_post_transaction_action"),
                "input[type=radio]",
            ),
            (
                "accounts",
                self._open_transaction("accounts"),
                "[name=add_partner_id] input",
            ),
            ("amounts", self._open_transaction("amounts"), "td[name=amount] input"),
            (
                "set-up",
                self._open_transaction("setup"),
                "[name=credit_item_id] input",
            ),
            ("paste", pasted.action_open_roster(), ".modal [name=text] textarea"),
            (
                "payment",
                payments._get_open_action(one),
                "[name=amount] input",
            ),
            (
                "payment of nobody yet",
                payments._get_open_action(nobody),
                "[name=partner_id] input",
            ),
            ("refund", refunds._get_open_action(one), "td[name=amount] input"),
            (
                "refund of nobody yet",
                refunds._get_open_action(nobody),
                "[name=partner_id] input",
            ),
        ]
        self._look(rows, self.manager)
