import { useEffect } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { TextField, textField } from "@web/views/fields/text/text_field";

/**
 * A text that is read as soon as it is pasted: what it means is shown at once.
 */
export class PastedTextField extends TextField {
    setup() {
        super.setup();
        useEffect(
            (textarea) => {
                const onInput = (ev) => {
                    if (ev.inputType === "insertFromPaste") {
                        textarea.dispatchEvent(new Event("change"));
                    }
                };
                textarea?.addEventListener("input", onInput);
                return () => textarea?.removeEventListener("input", onInput);
            },
            () => [this.textareaRef.el]
        );
    }
}

registry.category("fields").add("pasted_text", {
    ...textField,
    component: PastedTextField,
});
