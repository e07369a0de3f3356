import { onMounted } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";
import { ListRenderer } from "@web/views/list/list_renderer";

/** What a narrow screen has room for: the name takes what the amounts leave. */
const SMALL_WIDTHS = {
    name: undefined,
    partner_id: undefined,
    value_id: undefined,
    amount_due: "84px",
    amount_open: "84px",
    balance: "84px",
    amount: "96px",
    credit_amount: "96px",
};

/**
 * A list of amounts: type, Enter, type, Enter, from page to page, each row once.
 */
export class AmountListRenderer extends ListRenderer {
    static props = [
        ...ListRenderer.props,
        "amountField",
        "isFocused",
        "nextSelector",
        "turnPage",
    ];

    setup() {
        super.setup();
        onMounted(() => {
            // On a narrow screen the keyboard would cover the page.
            if (this.props.isFocused && !this.env.isSmall) {
                this.editFirstAmount();
            }
        });
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
        const { amountField, editable, list } = this.props;
        const column = this.columns.find(({ name }) => name === amountField);
        if (editable && column && list.records.length) {
            this.cellToFocus = { column, record: list.records[0] };
            list.enterEditMode(list.records[0]);
        }
    }

    /** Odoo starts again at the first row of the page, over what was typed there. */
    editNextRecord(record) {
        if (record === this.props.list.records.at(-1)) {
            this.leavePage();
        } else {
            super.editNextRecord(...arguments);
        }
    }

    async leavePage() {
        const { list, nextSelector, turnPage } = this.props;
        if (!(await list.leaveEditMode({ validate: true }))) {
            return;
        }
        if (await turnPage()) {
            this.editFirstAmount();
        } else {
            const form = this.tableRef.el.closest(".o_form_view");
            form?.querySelector(nextSelector)?.focus();
        }
    }
}

export class AmountListField extends X2ManyField {
    static components = { ...X2ManyField.components, ListRenderer: AmountListRenderer };
    static props = {
        ...X2ManyField.props,
        amountField: { type: String, optional: true },
        isFocused: { type: Boolean, optional: true },
        nextSelector: { type: String, optional: true },
    };
    static defaultProps = {
        amountField: "amount",
        isFocused: false,
        nextSelector: "button[name=action_next]",
    };

    /** Whether one types here first: what is invoiced is asked before how much. */
    get isFocused() {
        const { charge_item_id: item, transaction_type: type } = this.props.record.data;
        return this.props.isFocused && (type !== "invoice" || Boolean(item));
    }

    get rendererProps() {
        const { amountField, nextSelector } = this.props;
        return {
            ...super.rendererProps,
            amountField,
            isFocused: this.isFocused,
            nextSelector,
            turnPage: () => this.turnPage(),
        };
    }

    /**
     * Show the next page, where there is one.
     *
     * @returns {Promise<boolean>} whether there was one
     */
    async turnPage() {
        const { limit, offset, onUpdate, total } = this.pagerProps;
        if (offset + limit >= total) {
            return false;
        }
        await onUpdate({ limit, offset: offset + limit });
        return true;
    }
}

registry.category("fields").add("amount_list", {
    ...x2ManyField,
    component: AmountListField,
    extractProps: (fieldInfo, dynamicInfo) => ({
        ...x2ManyField.extractProps(fieldInfo, dynamicInfo),
        amountField: fieldInfo.options.amount_field,
        isFocused: Boolean(fieldInfo.options.focused),
        nextSelector: fieldInfo.options.next,
    }),
});
