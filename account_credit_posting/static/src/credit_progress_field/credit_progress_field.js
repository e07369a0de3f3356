import { Component, onMounted, onWillUnmount } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { sprintf } from "@web/core/utils/strings";
import { _t } from "@web/core/l10n/translation";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** Without news for so long, the page asks: the bus may be off. */
const ASK_AFTER = 5000;

/**
 * Show how far a batch is that is posted in the background: bar, counts, rate, time left.
 *
 * Whoever posted it hears of each chunk through the bus; anybody else asks from time to
 * time.
 */
export class CreditProgressField extends Component {
    static template = "account_credit_posting.CreditProgressField";
    static props = { ...standardFieldProps };

    setup() {
        this.bus = useService("bus_service");
        const onProgress = ({ batch_id: batchId }) => {
            if (batchId === this.info?.batch_id) {
                this.reload();
            }
        };
        onMounted(() => {
            this.bus.subscribe("account_credit_posting/progress", onProgress);
            this.timer = browser.setInterval(() => {
                if (this.info?.is_working) {
                    this.reload();
                }
            }, ASK_AFTER);
        });
        onWillUnmount(() => {
            this.bus.unsubscribe("account_credit_posting/progress", onProgress);
            browser.clearInterval(this.timer);
        });
    }

    get info() {
        return this.props.record.data[this.props.name];
    }

    get settled() {
        return this.info.done + this.info.failed;
    }

    get percent() {
        const { line_count: count } = this.info;
        return count ? Math.floor((100 * this.settled) / count) : 0;
    }

    get counts() {
        const text =
            this.info.work === "post"
                ? _t("%(done)s posted, %(failed)s failed, %(pending)s remaining")
                : _t("%(done)s reversed, %(failed)s refused, %(pending)s remaining");
        return sprintf(text, {
            done: formatInteger(this.info.done),
            failed: formatInteger(this.info.failed),
            pending: formatInteger(this.info.line_count - this.settled),
        });
    }

    get pace() {
        if (this.info.is_paused) {
            return _t("Paused");
        }
        const rate = this.settled / this.info.seconds;
        if (!this.settled || !Number.isFinite(rate)) {
            return _t("Waiting for a worker");
        }
        const left = Math.ceil((this.info.line_count - this.settled) / rate);
        return _t("%(rate)s per second, %(minutes)s:%(seconds)s left", {
            rate: Math.round(rate),
            minutes: Math.floor(left / 60),
            seconds: String(left % 60).padStart(2, "0"),
        });
    }

    reload() {
        if (!this.isReloading) {
            this.isReloading = true;
            this.props.record.load().finally(() => {
                this.isReloading = false;
            });
        }
    }
}

registry.category("fields").add("credit_progress", {
    component: CreditProgressField,
    supportedTypes: ["json"],
});
