import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * What a file will add, and each row that it will not: number, value, what to do.
 */
export class ImportReportField extends Component {
    static template = "account_credit_posting.ImportReportField";
    static props = { ...standardFieldProps };

    get report() {
        return this.props.record.data[this.props.name];
    }
}

registry.category("fields").add("import_report", {
    component: ImportReportField,
    supportedTypes: ["json"],
});
