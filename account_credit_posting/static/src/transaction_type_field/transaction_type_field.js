import { Component, onMounted, useRef } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const TYPES = {
    invoice: {
        icon: "fa-file-text-o",
        description: _t(
            "Charges one account or many for an item, each with its own invoice. " +
                "A credit can be posted along with it, and pays it at once."
        ),
    },
    credit: {
        icon: "fa-tags",
        description: _t(
            "Lowers what an account owes: a discount, a make-good, a goodwill gesture. " +
                "It is posted as a credit note and pays an invoice now or later."
        ),
    },
    payment: {
        icon: "fa-money",
        description: _t(
            "Receives money of one account: cash, a cheque, a bank transfer. It pays the " +
                "oldest invoices or the selected ones; the rest stays open, or is held."
        ),
    },
    refund: {
        icon: "fa-reply",
        description: _t(
            "Pays money back to one account: an open payment, a credit, a gift card or a " +
                "prepayment, at most what is left of it."
        ),
    },
    gift_card: {
        icon: "fa-gift",
        description: _t(
            "Sells a gift card or gives one away. Its code is shown once, to be printed " +
                "or sent by email."
        ),
    },
    prepayment: {
        icon: "fa-bank",
        description: _t(
            "Holds money of one account for future invoices, as a liability."
        ),
    },
};

/**
 * What can be posted, one card for each: the arrows choose, and Enter goes on.
 */
export class TransactionTypeField extends Component {
    static template = "account_credit_posting.TransactionTypeField";
    static props = { ...standardFieldProps };

    setup() {
        this.rootRef = useRef("root");
        onMounted(() => this.rootRef.el.querySelector("input:checked")?.focus());
    }

    get types() {
        const { name, record } = this.props;
        return record.fields[name].selection.map(([value, label]) => ({
            ...TYPES[value],
            value,
            label,
            isChosen: record.data[name] === value,
        }));
    }

    onKeydown(ev) {
        if (ev.key === "Enter") {
            const form = ev.target.closest(".o_form_view");
            form?.querySelector("button[name=action_next]")?.click();
        }
    }

    choose(value) {
        this.props.record.update({ [this.props.name]: value });
    }
}

registry.category("fields").add("transaction_type", {
    component: TransactionTypeField,
    supportedTypes: ["selection"],
});
