import { onMounted, useRef } from "@odoo/owl";
import { registry } from "@web/core/registry";
import {
    buildM2OFieldDescription,
    Many2OneField,
} from "@web/views/fields/many2one/many2one_field";

/**
 * The field that a step begins with: one types at once, without a click.
 */
export class FocusedMany2OneField extends Many2OneField {
    static template = "account_credit_posting.FocusedMany2OneField";

    setup() {
        super.setup();
        this.rootRef = useRef("root");
        onMounted(() => this.focus());
    }

    onKeydown() {}

    /** Whether one types here first. */
    get isAsked() {
        return true;
    }

    focus() {
        // On a narrow screen the keyboard would cover the page.
        if (this.isAsked && !this.env.isSmall) {
            this.rootRef.el.querySelector("input")?.focus();
        }
    }
}

/**
 * The field that a page begins with, as long as it is empty.
 */
export class AskedMany2OneField extends FocusedMany2OneField {
    get isAsked() {
        return !this.props.record.data[this.props.name];
    }
}

registry
    .category("fields")
    .add("focused_many2one", buildM2OFieldDescription(FocusedMany2OneField))
    .add("asked_many2one", buildM2OFieldDescription(AskedMany2OneField));
