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

    async open() {
        await this.action.doAction(
            "account_credit_posting.account_post_transaction_action"
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
