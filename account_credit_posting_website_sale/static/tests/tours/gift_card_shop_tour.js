import * as tourUtils from "@website_sale/js/tours/tour_utils";
import { registry } from "@web/core/registry";

function openCard() {
    return [
        {
            content: "Open the gift card",
            trigger: ".oe_product_cart a:contains(Gift Card)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "See its price, without tax",
            trigger: ".product_price .oe_price .oe_currency_value:text(50.00)",
        },
    ];
}

function addToCart() {
    return {
        content: "Add it to the cart",
        trigger: "#product_detail form #add_to_cart",
        run: "click",
    };
}

registry.category("web_tour.tours").add("gift_card_shop", {
    steps: () => [
        ...openCard(),
        {
            content: "One more",
            trigger: ".js_add_cart_json:eq(1)",
            run: "click",
        },
        {
            content: "And one more",
            trigger: "input[name=add_qty]:value(2)",
        },
        {
            content: "Three of them",
            trigger: ".js_add_cart_json:eq(1)",
            run: "click",
        },
        {
            content: "See three",
            trigger: "input[name=add_qty]:value(3)",
        },
        addToCart(),
        tourUtils.goToCart({ quantity: 3 }),
        ...tourUtils.assertCartAmounts({ total: "150.00" }),
        // Nothing is delivered: the payment comes next.
        tourUtils.goToCheckout(),
        ...tourUtils.fillAdressForm(
            {
                name: "Ann Buyer",
                phone: "123456789",
                email: "buyer@example.com",
                street: "1 Long Street",
                city: "Namur",
                zip: "5000",
            },
            true
        ),
        ...tourUtils.payWithDemo(),
    ],
});

registry.category("web_tour.tours").add("gift_card_shop_pending", {
    steps: () => [
        ...openCard(),
        addToCart(),
        tourUtils.goToCart(),
        tourUtils.goToCheckout(),
        {
            content: "Enter a card number",
            trigger: "input[name=customer_input]",
            run: "edit 4242424242424242",
        },
        {
            content: "Let the payment be pending",
            trigger: "#simulated_payment_state",
            run: "select pending",
        },
        ...tourUtils.pay({ expectUnloadPage: true }),
        {
            content: "Do not wait for the provider",
            trigger: "div[name=o_payment_status] a:contains(Skip)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "See that the payment is pending",
            trigger: "[name=order_confirmation]:contains(waiting for approval)",
        },
    ],
});
