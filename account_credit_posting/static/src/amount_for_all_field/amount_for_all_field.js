import { registry } from "@web/core/registry";
import { pick } from "@web/core/utils/objects";
import { FloatField, floatField } from "@web/views/fields/float/float_field";

/**
 * An amount that Enter gives to all accounts, as the button beside it does.
 */
export class AmountForAllField extends FloatField {
    static template = "account_credit_posting.AmountForAllField";

    onKeydown(ev) {
        if (ev.key === "Enter") {
            this.env.onClickViewButton({
                clickParams: { type: "object", name: "action_set_all" },
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
});
