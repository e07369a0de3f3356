import { onMounted } from "@odoo/owl";
import { getCurrency } from "@web/core/currency";
import { registry } from "@web/core/registry";
import { pick } from "@web/core/utils/objects";
import { FloatField, floatField } from "@web/views/fields/float/float_field";
import { formatFloat } from "@web/views/fields/formatters";
import { useWrittenAmount } from "../written_amount/written_amount";

/**
 * An amount that Enter gives to all accounts, as the button beside it does; or that
 * Enter leaves for what comes next.
 */
export class AmountForAllField extends FloatField {
    static template = "account_credit_posting.AmountForAllField";
    static props = {
        ...FloatField.props,
        action: { type: String, optional: true },
        isFocused: { type: Boolean, optional: true },
        nextSelector: { type: String, optional: true },
    };
    static defaultProps = { ...FloatField.defaultProps, action: "action_set_all" };

    setup() {
        this.readAmount = useWrittenAmount(this, () => ({
            digits: this.digits[1],
            symbols: [this.props.record.data.currency_symbol],
        }));
        super.setup();
        onMounted(() => {
            // On a narrow screen the keyboard would cover the page.
            if (this.props.isFocused && !this.env.isSmall) {
                this.inputRef.el?.focus();
                this.inputRef.el?.select();
            }
        });
    }

    /** Of the currency that all accounts have in common, else those of the field. */
    get digits() {
        const { currency_symbol: isOne, line_ids: lines } = this.props.record.data;
        const currency = isOne && lines?.records[0]?.data.currency_id;
        return getCurrency(currency?.id)?.digits || this.props.digits || [16, 2];
    }

    get formattedValue() {
        return formatFloat(this.value, { digits: this.digits });
    }

    parse(value) {
        return this.readAmount(value);
    }

    onKeydown(ev) {
        if (ev.key !== "Enter") {
            return;
        }
        if (this.props.nextSelector) {
            // The button that gets the focus is not pressed by this very key.
            ev.preventDefault();
            if (!this.props.record.isFieldInvalid(this.props.name)) {
                // The buttons of a dialog are outside its form.
                const page =
                    ev.target.closest(".modal") || ev.target.closest(".o_form_view");
                page.querySelector(this.props.nextSelector)?.focus();
            }
        } else {
            this.env.onClickViewButton({
                clickParams: { type: "object", name: this.props.action },
                getResParams: () =>
                    pick(
                        this.props.record,
                        "context",
                        "evalContext",
                        "resModel",
                        "resId",
                        "resIds"
                    ),
            });
        }
    }
}

registry.category("fields").add("amount_for_all", {
    ...floatField,
    component: AmountForAllField,
    extractProps: (fieldInfo, dynamicInfo) => ({
        ...floatField.extractProps(fieldInfo, dynamicInfo),
        action: fieldInfo.options.action,
        isFocused: Boolean(fieldInfo.options.focused),
        nextSelector: fieldInfo.options.next,
    }),
});
