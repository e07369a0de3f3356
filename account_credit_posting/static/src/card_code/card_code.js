/* global odoo */
import { Component, useState } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { CopyButton } from "@web/core/copy_button/copy_button";
import { _t } from "@web/core/l10n/translation";
import { post } from "@web/core/network/http_service";
import { registry } from "@web/core/registry";
import { useAutofocus, useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/**
 * Tell the code of a gift card once, print the card and email it.
 *
 * The code is on this page and nowhere else: what prints and what emails sends it in
 * the body of its request. Closing asks first, also by Escape.
 */
export class CardCode extends Component {
    static template = "account_credit_posting.CardCode";
    static components = { CopyButton };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.orm = useService("orm");
        this.card = this.props.action.params;
        this.csrfToken = odoo.csrf_token;
        this.state = useState({
            email: this.card.recipient_email || "",
            message: this.card.message || "",
            sentTo: false,
            error: false,
            isBusy: false,
        });
        useAutofocus();
        if (this.card.code && this.env.dialogData) {
            // The dialog waits for it, and stays where nobody answers.
            this.env.dialogData.dismiss = () => this.askToClose();
        }
    }

    get question() {
        return this.card.awaits_hand_over
            ? _t(
                  "The code is lost then. Until the card is marked as handed over, you " +
                      "can print it once more, with a new code."
              )
            : _t(
                  "The code is lost then, and only an administrator can give the card a " +
                      "new one."
              );
    }

    /** @returns {Promise<void>} fulfilled when the dialog may close */
    askToClose() {
        if (this.state.sentTo) {
            // Whoever got the email has the code.
            return Promise.resolve();
        }
        return new Promise((resolve) => {
            this.dialog.add(ConfirmationDialog, {
                title: _t("Close without handing the card over?"),
                body: this.question,
                confirm: resolve,
                confirmLabel: _t("Close"),
                cancel: () => {},
                cancelLabel: _t("Stay"),
            });
        });
    }

    async handOver() {
        await this.orm.call("account.stored.value", "action_hand_over", [
            [this.card.id],
        ]);
        return this.closeDialog();
    }

    async sendEmail() {
        this.state.isBusy = true;
        this.state.error = false;
        try {
            const answer = await post("/account_credit_posting/card/email", {
                csrf_token: this.csrfToken,
                value_id: this.card.id,
                code: this.card.code,
                email: this.state.email,
                message: this.state.message,
            });
            this.state.sentTo = answer.email || false;
            this.state.error = answer.error || false;
        } finally {
            this.state.isBusy = false;
        }
    }

    async close() {
        if (this.card.code) {
            await this.askToClose();
        }
        return this.closeDialog();
    }

    closeDialog() {
        return this.action.doAction({ type: "ir.actions.act_window_close" });
    }
}

registry.category("actions").add("account_credit_posting.card_code", CardCode);
