import { Component, onWillStart } from "@odoo/owl";
import { useCommand } from "@web/core/commands/command_hook";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";

/**
 * A plus button in the top bar, and a command with a hotkey, that open a new
 * transaction from wherever the user is. Only for those who may post: the server
 * refuses everybody else anyway.
 */
export class PostTransactionSystray extends Component {
    static template = "account_credit_posting.PostTransactionSystray";
    static props = {};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.mayPost = false;
        onWillStart(async () => {
            this.mayPost = await user.hasGroup(
                "account_credit_posting.group_credit_user"
            );
        });
        useCommand(_t("Post Transaction"), () => this.open(), {
            category: "actions",
            hotkey: "alt+shift+p",
            // The cursor may stand in a field.
            hotkeyOptions: { bypassEditableProtection: true },
            isAvailable: () => this.mayPost,
        });
    }

    /** The contact whose page is open: its account is filled in. */
    get contactId() {
        const controller = this.action.currentController;
        const isForm = controller?.view?.type === "form";
        const isContact = controller?.action?.res_model === "res.partner";
        return isForm && isContact && controller.currentState?.resId;
    }

    async open() {
        const { contactId } = this;
        await this.action.doAction(
            contactId
                ? await this.orm.call("res.partner", "action_post_transaction", [
                      [contactId],
                  ])
                : "account_credit_posting.account_post_transaction_action"
        );
    }
}

registry
    .category("systray")
    .add(
        "account_credit_posting.post_transaction",
        { Component: PostTransactionSystray },
        { sequence: 30 }
    );
