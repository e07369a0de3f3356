import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import {
    MonetaryField,
    monetaryField,
} from "@web/views/fields/monetary/monetary_field";

/**
 * A figure of the liability report: a click opens what it adds up.
 */
export class LiabilityFigureField extends MonetaryField {
    static template = "account_credit_posting.LiabilityFigureField";

    setup() {
        super.setup();
        this.actionService = useService("action");
    }

    get isZero() {
        return !this.props.record.data[this.props.name];
    }

    open() {
        const { name, record } = this.props;
        return this.actionService.doActionButton({
            type: "object",
            name: "action_open_figure",
            resModel: record.resModel,
            resId: record.resId,
            context: record.context,
            buttonContext: { figure: name },
        });
    }
}

registry.category("fields").add("liability_figure", {
    ...monetaryField,
    component: LiabilityFigureField,
});
