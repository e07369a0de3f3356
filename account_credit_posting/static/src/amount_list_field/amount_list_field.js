import { onMounted } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";
import { ListRenderer } from "@web/views/list/list_renderer";

/** What a narrow screen has room for: the name takes what the amounts leave. */
const SMALL_WIDTHS = { partner_id: undefined, amount_due: "84px", amount: "96px" };

/**
 * A list of amounts that starts with the first one: type, Enter, type, Enter.
 */
export class AmountListRenderer extends ListRenderer {
    setup() {
        super.setup();
        onMounted(() => this.editFirstAmount());
    }

    getActiveColumns() {
        const columns = super.getActiveColumns();
        if (!this.env.isSmall) {
            return columns;
        }
        return columns
            .filter(({ name }) => name in SMALL_WIDTHS)
            .map((column) => ({
                ...column,
                attrs: { ...column.attrs, width: SMALL_WIDTHS[column.name] },
            }));
    }

    get displayOptionalFields() {
        return super.displayOptionalFields && !this.env.isSmall;
    }

    editFirstAmount() {
        const { list, editable } = this.props;
        const column = this.columns.find(({ name }) => name === "amount");
        // On a narrow screen the keyboard would cover the page.
        if (editable && column && list.records.length && !this.env.isSmall) {
            this.cellToFocus = { column, record: list.records[0] };
            list.enterEditMode(list.records[0]);
        }
    }
}

export class AmountListField extends X2ManyField {
    static components = { ...X2ManyField.components, ListRenderer: AmountListRenderer };
}

registry.category("fields").add("amount_list", {
    ...x2ManyField,
    component: AmountListField,
});
