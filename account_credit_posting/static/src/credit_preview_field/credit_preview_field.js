import { Component, useState } from "@odoo/owl";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatMonetary } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** Accounts shown before one asks for all. */
const SHOWN = 20;

/**
 * Show what posting will do: for each account what it gets, which invoices it pays and
 * what stays, who is skipped, the totals and the journal entry.
 */
export class CreditPreviewField extends Component {
    static template = "account_credit_posting.CreditPreviewField";
    static props = { ...standardFieldProps };

    setup() {
        this.state = useState({ showsAll: false });
    }

    get preview() {
        return this.props.record.data[this.props.name] || null;
    }

    /** Those who are skipped come first, then unusual ones: they need a look. */
    get accounts() {
        const accounts = this.preview.accounts;
        const sorted = [
            ...accounts.filter((account) => account.skipped),
            ...accounts.filter((account) => !account.skipped && account.unusual),
            ...accounts.filter((account) => !account.skipped && !account.unusual),
        ];
        return this.state.showsAll ? sorted : sorted.slice(0, SHOWN);
    }

    get hiddenCount() {
        return this.preview.accounts.length - this.accounts.length;
    }

    get moreLabel() {
        return _t("Show %s more", this.hiddenCount);
    }

    get sampleLabel() {
        return _t(
            "These are the first %s accounts. The same checks are made for all others as they are posted.",
            this.preview.sample
        );
    }

    get skippedLabel() {
        const count = this.preview.skipped_count;
        return count === 1
            ? _t("1 account will be skipped.")
            : _t("%s accounts will be skipped.", count);
    }

    formatAmount(amount, currencyId) {
        return formatMonetary(amount, { currencyId });
    }

    formatDue(pay) {
        return _t("due %s", formatDate(deserializeDate(pay.date_due)));
    }
}

registry.category("fields").add("credit_preview", {
    component: CreditPreviewField,
    supportedTypes: ["json"],
});
