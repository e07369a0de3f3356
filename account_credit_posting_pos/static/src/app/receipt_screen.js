import { ReceiptScreen } from "@point_of_sale/app/screens/receipt_screen/receipt_screen";
import { giftCards } from "./gift_cards";
import { patch } from "@web/core/utils/patch";

patch(ReceiptScreen.prototype, {
    /** Let no picture of the receipt hold a code: it is kept, and seen by others. */
    async _sendReceiptToCustomer() {
        const order = this.currentOrder;
        const cards = giftCards[order.uuid];
        let isSent = false;
        delete giftCards[order.uuid];
        try {
            await super._sendReceiptToCustomer(...arguments);
            isSent = true;
        } finally {
            // Cards that were not printed go by email, with codes of their own.
            if (cards && (!isSent || order.nb_print)) {
                giftCards[order.uuid] = cards;
            }
        }
    },
});
