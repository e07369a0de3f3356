"""The pictures of the guides, taken of a copy of the demo database.

Each function takes the pictures of one place. What they show beside the demo data is
posted by ``scripts/pictured_ledger.py``.
"""

import json
import shutil

from . import system
from .browser import Browser
from .steps import ADDON, ROOT

FOLDER = ROOT / "doc"
# Those that the addon brings along, for the list of apps.
SHELF = ROOT / ADDON / "static" / "description"
ON_SHELF = ("result", "setup", "billing")
WIDTH = 1400
BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
# What Odoo's own pages show while they wait or have just been saved.
STILL = """
    !all(".o_loading_indicator, .o_blockUI").length
    && document.getAnimations().every((animation) => animation.playState === "finished")
"""
NO_MOTION = """
(() => {
    const style = document.createElement("style");
    style.textContent = `
        * { transition: none !important; animation: none !important;
            caret-color: transparent !important; }
        .o_notification_manager, .o-mail-ChatHub { display: none !important; }
    `;
    document.head.append(style);
})()
"""
# `prepare` needs Odoo's shell; the folder of this script is on its path.
PREPARE = """
import json
import pictured_ledger
print(json.dumps(pictured_ledger.prepare(env)))
env.cr.commit()
"""


class Pictures:
    """A browser at a server, and what was prepared there.

    :param server: the running Odoo
    :param browser: a :class:`Browser`
    :param dict made: ids, by what they are in ``PREPARE``
    """

    def __init__(self, server, browser, made):
        self.url = server.url
        self.browser = browser
        self.made = made

    def log_in(self, login):
        """Be somebody of the demo database; the password is the login."""
        self.browser.open(f"{self.url}/web/session/logout?redirect=/web/login")
        self.browser.type("input[name=login]", login)
        self.browser.type("input[name=password]", login)
        self.browser.click("button[type=submit]")
        self.browser.see(".o_navbar")

    def go(self, path, height=900):
        """Open a page of the web client."""
        self.browser.resize(height)
        self.browser.open(f"{self.url}/odoo/{path}")
        self.browser.see(".o_action_manager .o_action")
        self.browser.run(NO_MOTION)

    def shoot(self, name, height=None, selector=None):
        """Take a picture, once nothing is loaded any more."""
        if height:
            self.browser.resize(height)
        self.browser.run("document.activeElement.blur()")
        self.browser.wait(STILL)
        self.browser.shoot(FOLDER / f"{name}.png", selector)

    def go_on(self, step):
        """Click on *Next*, and wait for a step."""
        self.browser.click("button[name=action_next]")
        self.see_step(step)

    def see_step(self, step):
        """Wait for a step of Post Transaction."""
        self.browser.see(".o_statusbar_status .o_arrow_button_current", step)


def take_credit(pictures):
    """Take the five steps of a credit, as the clerk."""
    browser = pictures.browser
    pictures.go("post-transaction")
    browser.see(".o_transaction_type")
    pictures.shoot("type", 600)
    pictures.go(f"post-transaction/{pictures.made['credit']}")
    pictures.see_step("Accounts")
    browser.see("div[name=step_accounts] .o_data_row", "Castillo")
    pictures.shoot("accounts", 620)
    pictures.go_on("Amounts")
    browser.see("div[name=step_amounts] .o_data_row", "Castillo")
    pictures.shoot("amounts", 560)
    pictures.go_on("Set-up")
    browser.see(".o_credit_preview tbody tr")
    pictures.shoot("setup", 890)
    browser.click("button[name=action_post]")
    pictures.see_step("Result")
    browser.see(".o_data_row .fa-check-circle")
    pictures.shoot("result", 520)


def take_charge(pictures):
    """Take an invoice with a credit beside it."""
    browser = pictures.browser
    pictures.go(f"post-transaction/{pictures.made['charge']}", 1500)
    pictures.see_step("Accounts")
    pictures.go_on("Amounts")
    pictures.go_on("Set-up")
    browser.see(".o_credit_preview tbody tr")
    pictures.shoot("charge", 1500)
    browser.click("button[name=action_post]")
    pictures.see_step("Result")
    browser.see(".o_data_row .fa-check-circle")
    pictures.shoot("charge_result", 560)


def take_payment(pictures):
    """Take a payment, before it is posted."""
    # The page belongs to no menu: that of the page before stays.
    pictures.go("post-transaction")
    pictures.browser.see(".o_menu_brand", "Invoicing")
    pictures.go(f"account.post.payment/{pictures.made['payment']}")
    pictures.browser.see("[name=preview] table")
    pictures.shoot("payment", 820)


def take_billing(pictures):
    """Take the billing page of an account."""
    browser = pictures.browser
    pictures.go(f"billing/{pictures.made['owing']}")
    browser.see(".o_data_row")
    pictures.shoot("billing", 760)
    pictures.shoot("plus", 420)
    browser.resize(760)
    browser.click(".o_notebook .nav-link", "Transaction History")
    browser.see(".o_data_row", "recital")
    pictures.shoot("transaction_history", 700)


def take_invoice(pictures):
    """Take an invoice that a credit has paid in part."""
    browser = pictures.browser
    pictures.go(f"customer-invoices/{pictures.made['partly']}", 1000)
    browser.click(".js_payment_info")
    browser.see(".o_popover")
    pictures.shoot("invoice", 860)


def take_batches(pictures):
    """Take a batch that is being posted, and the dialog that reverses one."""
    browser = pictures.browser
    pictures.go(f"credit-batches/{pictures.made['batch']}")
    browser.see(".o_data_row", "District")
    pictures.shoot("progress", 760)
    pictures.go(f"credit-batches/{pictures.made['used']}", 1000)
    browser.click("button[name=action_open_reverse]")
    browser.click(".modal .o_radio_input[data-value=all]")
    browser.see(".modal .o_data_row")
    pictures.shoot("reverse", 860)


def take_new_item(pictures):
    """Take a credit item that is created in the set-up, as an administrator may."""
    browser = pictures.browser
    pictures.go(f"post-transaction/{pictures.made['begun']}")
    pictures.see_step("Set-up")
    browser.type("[name=credit_item_id] input", "Snow day")
    browser.click(".o_m2o_dropdown_option_create_edit a")
    browser.see(".modal [name=name]")
    pictures.shoot("new_item", 660)


def take_gift_cards(pictures):
    """Take the cards of an account, the pencil, the history, and the trash."""
    browser = pictures.browser
    made = pictures.made
    pictures.go(f"billing/{made['holder']}")
    browser.click(".o_notebook .nav-link", "Gift Cards")
    browser.see(".o_data_row", made["card"])
    pictures.shoot("gift_cards", 620)
    browser.click(".o_data_row button .fa-pencil, .o_data_row .fa-pencil")
    browser.type(".modal [name=amount] input", "110.00")
    browser.type(".modal [name=reason] input", "Ten more were paid at the desk")
    browser.press("Tab")
    browser.see(".modal [name=preview], .modal [name=entry]", "10.00")
    pictures.shoot("correct", 900, ".modal-content")
    pictures.go(f"billing/{made['holder']}")
    browser.click(".o_notebook .nav-link", "Gift Cards")
    browser.click(".o_notebook button[name=action_view_stored_value_history]")
    browser.see(".o_control_panel", "History of")
    browser.see(".o_group_header, .o_data_row", made["card"])
    pictures.shoot("history", 420)
    pictures.go(f"billing/{made['given']}")
    browser.click(".o_notebook .nav-link", "Gift Cards")
    browser.click(".o_data_row .fa-trash")
    browser.type(".modal [name=reason] input", "Entered twice")
    browser.press("Tab")
    pictures.shoot("trash", 760)


def take_card(pictures):
    """Take a printed gift card."""
    browser = pictures.browser
    browser.open(f"{pictures.url}/web/login")
    page = json.dumps(pictures.made["printed"])
    browser.run(f"(document.open(), document.write({page}), document.close())")
    browser.see(".o_gift_card")
    browser.wait("[...document.images].every((image) => image.complete)")
    pictures.shoot("card", selector=".o_gift_card")


TAKEN = {
    "clerk": (take_credit, take_charge, take_payment, take_billing, take_invoice),
    "manager": (take_batches, take_new_item, take_gift_cards, take_card),
}


def take_all(server, made, names=()):
    """Take the pictures.

    :param server: the running Odoo
    :param dict made: what ``PREPARE`` has printed
    :param names: functions of this module, without ``take_``; all by default
    """
    program = system.require_program(BROWSERS, "chromium", "Taking pictures")
    with Browser(program, WIDTH) as browser:
        pictures = Pictures(server, browser, made)
        for login, functions in TAKEN.items():
            chosen = [
                function
                for function in functions
                if not names or function.__name__.removeprefix("take_") in names
            ]
            if chosen:
                pictures.log_in(login)
            for function in chosen:
                function(pictures)
    for name in ON_SHELF:
        shutil.copyfile(FOLDER / f"{name}.png", SHELF / f"{name}.png")
