import { ConnectionLostError, RPCError } from "@web/core/network/rpc";
import { giftCards, sellsGiftCards } from "./gift_cards";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { _t } from "@web/core/l10n/translation";
import { handleRPCError } from "@point_of_sale/app/utils/error_handlers";
import { patch } from "@web/core/utils/patch";

patch(PosStore.prototype, {
    /** Read the gift cards that an order sold, for its receipt; their codes once. */
    async readGiftCards(order) {
        if (!order.isSynced || giftCards[order.uuid] || !sellsGiftCards(order)) {
            return;
        }
        try {
            giftCards[order.uuid] = await this.data.call(
                "pos.order",
                "tell_gift_card_codes",
                [[order.id]]
            );
        } catch (error) {
            // The order is paid all the same.
            if (error instanceof RPCError) {
                handleRPCError(error, this.dialog);
            } else if (error instanceof ConnectionLostError) {
                this.dialog.add(AlertDialog, {
                    title: _t("Gift cards without codes"),
                    body: _t(
                        "The connection was lost. Print the receipt once it is back."
                    ),
                });
            } else {
                throw error;
            }
        }
    },

    async printReceipt({ order = this.getOrder() } = {}) {
        await this.readGiftCards(order);
        return super.printReceipt(...arguments);
    },

    orderDone(order) {
        delete giftCards[order.uuid];
        return super.orderDone(...arguments);
    },
});
