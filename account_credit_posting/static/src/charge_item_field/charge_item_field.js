import { registry } from "@web/core/registry";
import { buildM2OFieldDescription } from "@web/views/fields/many2one/many2one_field";
import { AddAccountField } from "../add_account_field/add_account_field";

/**
 * What accounts are invoiced for: saved at once, so that the server proposes its price.
 */
export class ChargeItemField extends AddAccountField {
    /** Where it is chosen already, one types the amounts. */
    get isAsked() {
        return !this.props.record.data[this.props.name];
    }
}

registry
    .category("fields")
    .add("charge_item", buildM2OFieldDescription(ChargeItemField));
