import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * The columns of a file with their first rows, and what each of them says.
 */
export class ImportColumnsField extends Component {
    static template = "account_credit_posting.ImportColumnsField";
    static props = { ...standardFieldProps };

    get columns() {
        return this.props.record.data[this.props.name] || [];
    }

    /** The first rows: the columns hold them the other way round. */
    get rows() {
        const samples = this.columns.map((column) => column.samples);
        return (samples[0] || []).map((_cell, row) =>
            samples.map((cells) => cells[row])
        );
    }

    get roles() {
        return [
            { value: "account", label: _t("Account: name, email or reference") },
            { value: "amount", label: _t("Amount") },
            { value: "other", label: _t("Not imported") },
        ];
    }

    choose(place, role) {
        const columns = this.columns.map((column, index) => ({
            ...column,
            // One column only has the amounts.
            role:
                index === place
                    ? role
                    : role === "amount" && column.role === "amount"
                      ? "other"
                      : column.role,
        }));
        this.props.record.update({ [this.props.name]: columns });
    }
}

registry.category("fields").add("import_columns", {
    component: ImportColumnsField,
    supportedTypes: ["json"],
});
