import { Component, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useAutofocus, useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { formatDate, deserializeDate } from "@web/core/l10n/dates";
import { formatFloat } from "@web/core/utils/numbers";
import { _t } from "@web/core/l10n/translation";

/**
 * Put what is on a gift card on an account. The code that is typed is stored nowhere,
 * not even in a wizard: so this is no form of Odoo's.
 */
export class RedeemCode extends Component {
    static template = "account_credit_posting.RedeemCode";
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.notification = useService("notification");
        this.orm = useService("orm");
        this.params = this.props.action.params;
        this.state = useState({ code: "", card: null, isBusy: false });
        useAutofocus();
    }

    onInput() {
        this.state.card = null;
    }

    async run(method, args) {
        this.state.isBusy = true;
        try {
            return await this.orm.call("account.stored.value", method, args);
        } finally {
            this.state.isBusy = false;
        }
    }

    async check() {
        const card = await this.run("balance_of", [this.state.code]);
        const amount = `${formatFloat(card.balance)} ${card.currency}`;
        this.state.card = card.expiry_date
            ? _t("%(amount)s, valid until %(date)s", {
                  amount,
                  date: formatDate(deserializeDate(card.expiry_date)),
              })
            : amount;
    }

    async redeem() {
        const card = await this.run("redeem", [
            this.state.code,
            this.params.account_id,
        ]);
        this.notification.add(
            _t("%(name)s is now on the account %(account)s.", {
                name: card.name,
                account: this.params.account,
            }),
            { type: "success" }
        );
        this.close();
    }

    close() {
        this.action.doAction({ type: "ir.actions.act_window_close" });
    }
}

registry.category("actions").add("account_credit_posting.redeem_code", RedeemCode);
