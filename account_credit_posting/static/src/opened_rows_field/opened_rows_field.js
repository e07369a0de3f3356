import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";

/**
 * A list of records of their own: a row opens the page of its record, with all that can
 * be done there, and not a dialog above the list.
 */
export class OpenedRowsField extends X2ManyField {
    setup() {
        super.setup();
        this.actionService = useService("action");
    }

    async openRecord(record) {
        return this.actionService.doAction({
            type: "ir.actions.act_window",
            res_model: record.resModel,
            res_id: record.resId,
            views: [[false, "form"]],
        });
    }
}

registry.category("fields").add("opened_rows", {
    ...x2ManyField,
    component: OpenedRowsField,
});
