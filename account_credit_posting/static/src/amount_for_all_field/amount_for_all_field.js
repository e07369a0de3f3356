import { registry } from "@web/core/registry";
import { pick } from "@web/core/utils/objects";
import { FloatField, floatField } from "@web/views/fields/float/float_field";
import { useWrittenAmount } from "../written_amount/written_amount";

/**
 * An amount that Enter gives to all accounts, as the button beside it does.
 */
export class AmountForAllField extends FloatField {
    static template = "account_credit_posting.AmountForAllField";
    static props = { ...FloatField.props, action: { type: String, optional: true } };
    static defaultProps = { ...FloatField.defaultProps, action: "action_set_all" };

    setup() {
        this.readAmount = useWrittenAmount(this, () => ({
            digits: this.props.digits?.[1] ?? 2,
            symbols: [this.props.record.data.currency_symbol],
        }));
        super.setup();
    }

    parse(value) {
        return this.readAmount(value);
    }

    onKeydown(ev) {
        if (ev.key === "Enter") {
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
    }),
});
