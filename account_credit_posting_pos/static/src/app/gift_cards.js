import { reactive } from "@odoo/owl";

/**
 * Gift cards that the orders of this screen sold, with the codes that were told:
 * {uuid of the order: [card]}. In memory alone, so that no storage holds a code.
 */
export const giftCards = reactive({});

/** Tell whether an order sells gift cards. */
export function sellsGiftCards(order) {
    return order.lines.some(
        (line) =>
            line.product_id.product_tmpl_id.is_gift_card && !line.refunded_orderline_id
    );
}
