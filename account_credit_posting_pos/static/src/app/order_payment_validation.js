import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { sellsGiftCards } from "./gift_cards";

patch(OrderPaymentValidation.prototype, {
    async isOrderValid() {
        if (this.pos.data.network.offline && sellsGiftCards(this.order)) {
            this.pos.dialog.add(AlertDialog, {
                title: _t("No gift cards offline"),
                body: _t(
                    "A gift card gets its code from the server. Sell it when the " +
                        "connection is back."
                ),
            });
            return false;
        }
        return super.isOrderValid(...arguments);
    },

    async afterOrderValidation() {
        await this.pos.readGiftCards(this.order);
        return super.afterOrderValidation(...arguments);
    },
});
