import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { Mutex } from "@web/core/utils/concurrency";
import { useBus } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * What rows will add, whom doubtful ones may mean, and each that will not be added:
 * number, value, what to do. A click says whom a row means, another one takes it back.
 */
export class ImportReportField extends Component {
    static template = "account_credit_posting.ImportReportField";
    static props = { ...standardFieldProps };

    setup() {
        // Clicks that follow fast: each of them begins with what the last one left.
        this.clicks = new Mutex();
        useBus(this.props.record.model.bus, "NEED_LOCAL_CHANGES", (ev) =>
            ev.detail.proms.push(this.clicks.getUnlockedDef())
        );
    }

    get report() {
        return this.props.record.data[this.props.name];
    }

    choose(doubt, candidate) {
        return this.clicks.exec(() => {
            const choices = { ...this.props.record.data.choices };
            if (choices[doubt.row] === candidate.id) {
                delete choices[doubt.row];
            } else {
                choices[doubt.row] = candidate.id;
            }
            return this.props.record.update({ choices });
        });
    }
}

registry.category("fields").add("import_report", {
    component: ImportReportField,
    supportedTypes: ["json"],
});
