"""Who may call what: the table of rights, for each public method and each route.

A method that is missing here fails ``test_attack``, which calls all of them as every
kind of user. ``scripts/rights.py`` writes the table into the developers' guide.
"""

#: ``{kind of user: groups}``, those with more rights after those with fewer.
USERS = {
    "public": None,
    "portal": "base.group_portal",
    "employee": "base.group_user",
    "system": "base.group_system",
    "reader": "account.group_account_readonly",
    "poster": "account_credit_posting.group_credit_user",
    "clerk": "account.group_account_invoice",
    "accountant": "account.group_account_user",
    "manager": "account_credit_posting.group_credit_manager",
    "administrator": "account.group_account_manager",
}

# What a right is called, and who has it.
NOBODY = "nobody"
SYSTEM = "system"
MANAGE = "manage"
#: Who did what it is about (here the clerk), and whoever manages.
AUTHOR = "author"
#: Who posts credits, and sees the invoices of the company as well.
INVOICE = "invoice"
#: Who posts refunds of payments, and whoever manages.
REFUND = "refund"
POST = "post"
SEE = "see"
#: Who sees the ledger as a whole, or manages credits.
AUDIT = "audit"
#: Who sees invoices and credit notes, too.
SEE_INVOICE = "see invoices"
#: Who keeps the books, or manages credits, has the ledger proven.
PROVE = "prove"
#: Nothing in it is secret.
ANYBODY = "anybody"

HOLDERS = {
    NOBODY: (),
    SYSTEM: ("system",),
    MANAGE: ("manager", "administrator"),
    AUTHOR: ("clerk", "manager", "administrator"),
    INVOICE: ("clerk", "accountant", "administrator"),
    REFUND: ("clerk", "accountant", "manager", "administrator"),
    POST: ("poster", "clerk", "accountant", "manager", "administrator"),
    SEE_INVOICE: ("reader", "clerk", "accountant", "administrator"),
    AUDIT: ("reader", "accountant", "manager", "administrator"),
    SEE: ("reader", "poster", "clerk", "accountant", "manager", "administrator"),
    PROVE: ("accountant", "manager", "administrator"),
    ANYBODY: tuple(USERS),
}


def rows(right, *names):
    """Return one right for several methods."""
    return dict.fromkeys(names, right)


#: A dialog, a page: whoever opens it has it, and nobody else.
OWN = rows(POST, "create", "read", "write", "unlink")
#: The same, where it lists invoices.
OWN_INVOICES = {**OWN, **rows(INVOICE, "read", "write", "unlink")}
NOT_EVEN_READ = rows(NOBODY, "create", "read", "write", "unlink")
WRITTEN_BY_NOBODY = rows(NOBODY, "create", "write", "unlink")
KEPT = {**rows(SEE, "read"), **WRITTEN_BY_NOBODY}
AUDITED = {**rows(AUDIT, "read"), **WRITTEN_BY_NOBODY}

#: ``{model: {method: right}}``
METHODS = {
    "account.breakage.estimate": {
        **rows(AUDIT, "read", "action_view_move", "action_curves"),
        **rows(PROVE, "create", "write", "unlink", "action_compute", "action_post"),
    },
    "account.billing.mail": {**KEPT, **rows(POST, "action_send_again")},
    "account.billing.movement": KEPT,
    "account.billing.statement": rows(
        SEE, "create", "read", "write", "unlink", "action_print"
    ),
    "account.credit.answer": NOT_EVEN_READ,
    "account.credit.application": {
        **KEPT,
        **rows(POST, "action_unapply", "action_unpin", "action_pin"),
    },
    "account.credit.batch": {
        **rows(SEE, "read", "web_read", "action_view_moves", "action_view_lines"),
        **rows(SEE, "action_view_charges", "action_export_results"),
        **rows(POST, "create", "write", "unlink", "post_credits", "action_post"),
        **rows(POST, "action_retry", "action_cancel", "action_pause"),
        **rows(POST, "action_resume", "action_cancel_pending"),
        **rows(POST, "action_open_notify", "action_notify"),
        **rows(MANAGE, "action_approve", "action_open_reverse", "action_reverse"),
        **rows(MANAGE, "action_extend"),
    },
    "account.credit.batch.notify": {**OWN, **rows(POST, "action_confirm")},
    "account.credit.batch.reverse": rows(
        MANAGE, "create", "read", "write", "unlink", "action_confirm"
    ),
    "account.credit.correction": KEPT,
    "account.credit.extend": rows(
        MANAGE, "create", "read", "write", "unlink", "action_confirm"
    ),
    "account.credit.item.request": {**OWN, **rows(POST, "action_ask")},
    "account.credit.dashboard": AUDITED,
    "account.credit.line": {
        **rows(SEE, "read", "action_change"),
        **rows(SEE, "action_open_charge"),
        **rows(SEE_INVOICE, "action_open_business_doc"),
        **rows(POST, "create", "write", "unlink"),
        **rows(AUTHOR, "change_labels"),
        **rows(MANAGE, "action_reverse", "replace", "move_to", "extend"),
    },
    "account.credit.line.change": {**OWN, **rows(AUTHOR, "action_confirm")},
    "account.credit.notice": KEPT,
    "account.credit.proof": {
        **AUDITED,
        **rows(AUDIT, "action_print"),
        **rows(PROVE, "action_prove"),
    },
    "account.credit.proof.check": {
        **AUDITED,
        **rows(AUDIT, "action_view_failed"),
    },
    "account.credit.run": KEPT,
    "account.liability.report": {
        **rows(AUDIT, "create", "read", "write", "unlink", "action_open"),
        **rows(AUDIT, "action_show", "action_print", "action_export"),
        **rows(AUDIT, "action_pivot", "action_ageing"),
    },
    "account.liability.report.line": {
        **AUDITED,
        **rows(AUDIT, "action_open_figure"),
    },
    "account.move": {
        **rows(INVOICE, "action_post_credit", "apply_account_credits"),
        **rows(INVOICE, "unapply_account_credits", "action_use_stored_value"),
        **rows(INVOICE, "action_apply_account_credits"),
        **rows(INVOICE, "action_unapply_account_credits"),
        **rows(SEE_INVOICE, "action_view_sold_values"),
    },
    "account.post.payment": {
        **OWN,
        **rows(POST, "action_back", "action_post_another"),
        **rows(INVOICE, "action_post", "action_view_payments"),
        **rows(INVOICE, "action_print_receipt"),
    },
    "account.post.refund": {
        **OWN,
        **rows(POST, "action_back", "action_post_another"),
        **rows(INVOICE, "action_post", "action_view_payments"),
        **rows(INVOICE, "action_print_receipt"),
    },
    "account.post.refund.line": OWN,
    "account.post.transaction": {
        **OWN,
        **rows(POST, "web_read", "action_post_another", "action_next"),
        **rows(POST, "action_back", "action_add_tagged", "action_add_filtered"),
        **rows(POST, "action_clear", "action_open_roster", "action_import"),
        **rows(POST, "action_view_lines", "action_set_all", "action_set_all_credits"),
        **rows(POST, "action_post", "action_retry", "action_view_batch"),
        **rows(POST, "action_export", "action_view_charges"),
        **rows(POST, "action_undo", "action_again", "action_open_steps"),
    },
    "account.post.transaction.import": {
        **OWN,
        **rows(POST, "action_template", "action_continue"),
    },
    "account.post.transaction.line": OWN,
    "account.stored.value": {
        **rows(SEE, "read", "action_open", "action_change"),
        **rows(
            POST, "create", "write", "unlink", "issue", "issue_many", "action_issue"
        ),
        **rows(POST, "apply_to_invoice", "redeem", "balance_of", "action_block"),
        **rows(POST, "action_hand_over"),
        **rows(MANAGE, "adjust", "move_to", "refund", "action_unblock"),
        **rows(MANAGE, "action_void", "action_approve", "action_refuse"),
        **rows(AUTHOR, "action_new_code", "action_show_new_code", "send_card"),
    },
    "account.stored.value.ageing": AUDITED,
    "account.stored.value.attempt": NOT_EVEN_READ,
    "account.stored.value.change": {**OWN, **rows(MANAGE, "action_confirm")},
    "account.stored.value.curve": AUDITED,
    "account.stored.value.liability": AUDITED,
    "account.stored.value.movement": KEPT,
    "account.stored.value.use": {**OWN_INVOICES, **rows(INVOICE, "action_confirm")},
    "account.stored.value.use.line": OWN_INVOICES,
    "account.unclaimed.due": {
        **KEPT,
        **rows(SEE, "action_open"),
        **rows(REFUND, "cash_out"),
        **rows(MANAGE, "action_hand", "action_print_letters", "action_send_letters"),
        **rows(MANAGE, "action_owner_answered"),
    },
    "account.unclaimed.letter": AUDITED,
    "account.unclaimed.property": {
        **AUDITED,
        **rows(AUDIT, "action_open"),
        **rows(MANAGE, "action_remit", "action_take_back"),
    },
    "account.unclaimed.remit": rows(
        MANAGE, "create", "read", "write", "unlink", "action_confirm"
    ),
    "account.unclaimed.rule": {
        **rows(SEE, "read"),
        **rows(MANAGE, "create", "write", "unlink"),
    },
    "res.config.settings": rows(SYSTEM, "action_rotate_code_key"),
    "res.partner": {
        **rows(POST, "action_post_transaction", "apply_account_credits"),
        **rows(POST, "action_apply_account_credits", "action_new_stored_value"),
        **rows(POST, "action_redeem_code"),
        **rows(INVOICE, "action_use_stored_value"),
        **rows(SEE, "action_view_billing", "action_view_section"),
        **rows(SEE, "action_view_movements", "action_print_statement"),
        **rows(SEE, "action_view_stored_value_history"),
    },
}

#: ``{route: right}``
ROUTES = {
    "/account_credit_posting/batch/<int:batch_id>/results.xlsx": SEE,
    "/account_credit_posting/card": POST,
    "/account_credit_posting/card/email": POST,
    "/account_credit_posting/health": ANYBODY,
    "/account_credit_posting/liability/<int:report_id>/liability.xlsx": AUDIT,
}

#: Methods of Odoo's that this addon extends: the rights are Odoo's, and what is told
#: or done by ours is tried where it is.
EXTENDED = {
    "action_unreconcile_match_entries",
    "button_draft",
    "create",
    "default_get",
    "init",
    "js_remove_outstanding_partial",
    "onchange",
    "unlink",
    "web_read",
    "write",
}
