import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { giftCards } from "./gift_cards";
import { patch } from "@web/core/utils/patch";
import { useState } from "@odoo/owl";

patch(OrderReceipt.prototype, {
    setup() {
        super.setup(...arguments);
        this.giftCards = useState(giftCards);
    },

    get soldGiftCards() {
        return this.giftCards[this.order.uuid] || [];
    },
});
