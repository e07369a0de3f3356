import { registry } from "@web/core/registry";
import { buildM2OFieldDescription } from "@web/views/fields/many2one/many2one_field";
import { FocusedMany2OneField } from "../focused_many2one_field/focused_many2one_field";

/**
 * A search box that adds: what is chosen is saved at once, and the server empties the
 * box again, so that the next name can be typed. Enter in the empty box leads to Next.
 */
export class AddAccountField extends FocusedMany2OneField {
    onKeydown(ev) {
        const { ariaExpanded, value } = ev.target;
        if (ev.key === "Enter" && !value && ariaExpanded !== "true") {
            ev.preventDefault();
            const form = ev.target.closest(".o_form_view");
            form?.querySelector("button[name=action_next]")?.focus();
        }
    }

    get m2oProps() {
        const { name, record } = this.props;
        return {
            ...super.m2oProps,
            update: (value) => record.update({ [name]: value }, { save: true }),
        };
    }
}

registry
    .category("fields")
    .add("add_account", buildM2OFieldDescription(AddAccountField));
