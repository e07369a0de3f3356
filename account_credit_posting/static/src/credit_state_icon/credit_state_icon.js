import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const ICONS = {
    pending: "fa-clock-o text-muted",
    posted: "fa-check-circle text-success",
    failed: "fa-times-circle text-danger",
    reversed: "fa-undo text-muted",
};

/**
 * Show what became of a credit as an icon: a green check, a red cross.
 */
export class CreditStateIcon extends Component {
    static template = "account_credit_posting.CreditStateIcon";
    static props = { ...standardFieldProps };

    get value() {
        return this.props.record.data[this.props.name];
    }

    get icon() {
        return ICONS[this.value];
    }

    get label() {
        const { selection } = this.props.record.fields[this.props.name];
        return Object.fromEntries(selection)[this.value];
    }
}

registry.category("fields").add("credit_state_icon", {
    component: CreditStateIcon,
    supportedTypes: ["selection"],
});
