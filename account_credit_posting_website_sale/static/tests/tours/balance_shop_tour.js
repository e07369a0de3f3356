import * as tourUtils from "@website_sale/js/tours/tour_utils";
import { registry } from "@web/core/registry";

const ALERT = "[name=order_confirmation]";

registry.category("web_tour.tours").add("account_balance_shop", {
    steps: () => [
        {
            content: "Open the book",
            trigger: ".oe_product_cart a:contains(Book)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Add it to the cart",
            trigger: "#product_detail form #add_to_cart",
            run: "click",
        },
        tourUtils.goToCart(),
        tourUtils.goToCheckout(),
        {
            content: "Pay with the account",
            trigger:
                "input[name=o_payment_radio][data-payment-method-code=account_credit]",
            run: "click",
        },
        {
            content: "See what is used, and what is left of it",
            trigger:
                "[name=account_balance_parts] li:contains(20.00):contains(30.00):visible",
        },
        ...tourUtils.pay({ expectUnloadPage: true }),
        {
            content: "The order is paid",
            trigger: `${ALERT}:contains(Your payment has been processed)`,
        },
    ],
});
