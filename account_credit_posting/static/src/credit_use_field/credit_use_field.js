import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** Show what of the credits of a batch is used, for each currency. */
export class CreditUseField extends Component {
    static template = "account_credit_posting.CreditUseField";
    static props = { ...standardFieldProps };

    get rows() {
        return this.props.record.data[this.props.name] || [];
    }
}

registry.category("fields").add("credit_use", {
    component: CreditUseField,
    supportedTypes: ["json"],
});
