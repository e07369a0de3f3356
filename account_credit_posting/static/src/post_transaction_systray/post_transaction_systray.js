import { Component, onWillStart } from "@odoo/owl";
import { useCommand } from "@web/core/commands/command_hook";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";

/** Who sees it; the server checks again. */
const GROUP = "account_credit_posting.group_credit_user";

/**
 * Post Transaction from anywhere: a plus in the top bar, and a command with a key.
 *
 * On the page of a contact its account is filled in.
 */
export class PostTransactionSystray extends Component {
    static template = "account_credit_posting.PostTransactionSystray";
    static props = {};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        onWillStart(async () => {
            this.isAllowed = await user.hasGroup(GROUP);
        });
        useCommand(_t("Post Transaction"), () => this.open(), {
            hotkey: "alt+shift+p",
            global: true,
            isAvailable: () => this.isAllowed,
        });
    }

    /** The contact whose page is open, if there is one. */
    get contactId() {
        const controller = this.action.currentController;
        const isForm = controller?.view?.type === "form";
        const isContact = controller?.action?.res_model === "res.partner";
        return isForm && isContact && controller.currentState?.resId;
    }

    async open() {
        if (this.contactId) {
            const method = "action_post_transaction";
            const action = await this.orm.call("res.partner", method, [
                [this.contactId],
            ]);
            return this.action.doAction(action);
        }
        return this.action.doAction(
            "account_credit_posting.account_post_transaction_action"
        );
    }
}

registry
    .category("systray")
    .add(
        "account_credit_posting.post_transaction",
        { Component: PostTransactionSystray },
        { sequence: 35 }
    );
