import { onMounted, status } from "@odoo/owl";
import { router } from "@web/core/browser/router";
import { registry } from "@web/core/registry";
import { effect } from "@web/core/utils/reactive";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";

/** The steps in their order, as on the server. */
const STEPS = ["type", "accounts", "amounts", "setup", "result"];

/**
 * Each step is a place in the history of the browser: Back goes to the step before, and
 * nothing is lost.
 */
export class PostTransactionController extends FormController {
    setup() {
        super.setup();
        const { resId, step } = router.current;
        // Back and Forward lead to an address with a step.
        this.wantedStep = resId === this.props.resId ? step : undefined;
        onMounted(async () => {
            const { root } = this.model;
            // Before the action service writes the address of this page.
            this.props.updateActionState({ step: this.wantedStep || root.data.step });
            await this.openWantedStep();
            // The address is that of this page already: it is corrected, none is added.
            let isSamePlace = Boolean(this.wantedStep);
            let wasNew = !this.model.root.resId;
            effect(
                (model) => {
                    if (status(this) !== "mounted") {
                        return;
                    }
                    const { resId: id, data } = model.root;
                    this.props.updateActionState({ step: data.step });
                    if (isSamePlace || (wasNew && id)) {
                        router.replaceState({});
                    }
                    isSamePlace = false;
                    wasNew = !id;
                },
                [this.model]
            );
        });
    }

    /** Save what is typed in a box that was not left, too: Back needs no click. */
    async beforeLeave() {
        await this.model.root.isDirty();
        return super.beforeLeave(...arguments);
    }

    /** Go to an earlier step; what is posted shows its result, whatever the address. */
    async openWantedStep() {
        const { root } = this.model;
        const isEarlier =
            STEPS.indexOf(this.wantedStep) < STEPS.indexOf(root.data.step) &&
            STEPS.includes(this.wantedStep);
        if (root.resId && isEarlier && !root.data.batch_id) {
            await this.orm.call(root.resModel, "action_back", [[root.resId]], {
                step: this.wantedStep,
            });
            await this.model.load();
        }
    }
}

registry.category("views").add("post_transaction_form", {
    ...formView,
    Controller: PostTransactionController,
});
