/* global odoo */
import { Component } from "@odoo/owl";
import { CopyButton } from "@web/core/copy_button/copy_button";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/**
 * Tell the code of a gift card once, and print the card.
 *
 * The code is on this page and nowhere else: the form that prints sends it in the body
 * of its request.
 */
export class CardCode extends Component {
    static template = "account_credit_posting.CardCode";
    static components = { CopyButton };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.card = this.props.action.params;
        this.csrfToken = odoo.csrf_token;
    }

    close() {
        this.action.doAction({ type: "ir.actions.act_window_close" });
    }
}

registry.category("actions").add("account_credit_posting.card_code", CardCode);
