import { onMounted, useEffect } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { TextField, textField } from "@web/views/fields/text/text_field";

/**
 * A text that one pastes without a click, and that is read at once.
 */
export class PastedTextField extends TextField {
    setup() {
        super.setup();
        onMounted(() => {
            // On a narrow screen the keyboard would cover the page.
            if (!this.env.isSmall) {
                this.textareaRef.el?.focus();
            }
        });
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
