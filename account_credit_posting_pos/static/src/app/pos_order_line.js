import { PosOrderline } from "@point_of_sale/app/models/pos_order_line";
import { patch } from "@web/core/utils/patch";

patch(PosOrderline.prototype, {
    /** Say which card a line sold: each of them is taken back by itself. */
    get orderDisplayProductName() {
        const names = super.orderDisplayProductName;
        return this.gift_card_name
            ? { ...names, name: `${names.name} (${this.gift_card_name})` }
            : names;
    },
});
