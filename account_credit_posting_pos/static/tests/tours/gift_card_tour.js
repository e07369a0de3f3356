import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as TicketScreen from "@point_of_sale/../tests/pos/tours/utils/ticket_screen_util";
import { registry } from "@web/core/registry";

function pay(method = "Cash") {
    return [
        PaymentScreen.clickPaymentMethod(method),
        PaymentScreen.clickValidate(),
    ].flat();
}

function seeCodes(count) {
    return {
        content: `See ${count} codes`,
        trigger: ".receipt-screen .gift-card-code",
        run() {
            const codes = [...document.querySelectorAll(".gift-card-code")].map(
                (element) => element.textContent
            );
            const isShown = codes.every((code) => /^(\w{4}-){3}\w{4}$/.test(code));
            if (codes.length !== count || new Set(codes).size !== count || !isShown) {
                throw new Error(`These are no ${count} codes: ${codes}`);
            }
        },
    };
}

registry.category("web_tour.tours").add("gift_card_till", {
    steps: () =>
        [
            Chrome.startPoS(),
            // With a discount it is refused before it is sold.
            ProductScreen.clickDisplayedProduct("Studio Card"),
            ProductScreen.addDiscount("10"),
            ProductScreen.totalAmountIs("45.00"),
            ProductScreen.clickPayButton(),
            pay(),
            Dialog.bodyIs("a card is worth what is paid for it"),
            Dialog.confirm(),
            PaymentScreen.clickPaymentlineDelButton("Cash", "45.00"),
            PaymentScreen.clickBack(),
            ProductScreen.clickLine("Studio Card"),
            ProductScreen.addDiscount("0"),
            ProductScreen.totalAmountIs("50.00"),
            ProductScreen.clickNumpad("Qty", "2"),
            ProductScreen.totalAmountIs("100.00"),
            ProductScreen.clickPayButton(),
            pay(),
            ReceiptScreen.receiptIsThere(),
            seeCodes(2),
            ReceiptScreen.clickNextOrder(),
            // One of them is taken back.
            ProductScreen.clickRefund(),
            TicketScreen.selectOrder("001"),
            ProductScreen.clickNumpad("1"),
            TicketScreen.toRefundTextContains("To Refund: 1"),
            TicketScreen.confirmRefund(),
            PaymentScreen.isShown(),
            pay(),
            ReceiptScreen.isShown(),
            {
                content: "See that nothing is sold",
                trigger: ".receipt-screen .pos-receipt:not(:has(.gift-card))",
            },
            ReceiptScreen.clickNextOrder(),
            ProductScreen.isShown(),
        ].flat(),
});

registry.category("web_tour.tours").add("gift_card_till_mail", {
    steps: () =>
        [
            Chrome.startPoS(),
            ProductScreen.clickDisplayedProduct("Studio Card"),
            ProductScreen.clickPayButton(),
            pay(),
            seeCodes(1),
            ReceiptScreen.setEmail("ann@example.com"),
            ReceiptScreen.clickSend(),
            ReceiptScreen.emailIsSuccessful(),
            {
                content: "See that the code is gone",
                trigger: ".receipt-screen .pos-receipt:not(:has(.gift-card))",
            },
            ReceiptScreen.clickNextOrder(),
            ProductScreen.isShown(),
        ].flat(),
});

registry.category("web_tour.tours").add("gift_card_till_close", {
    steps: () =>
        [
            Chrome.startPoS(),
            ProductScreen.clickDisplayedProduct("Studio Card"),
            ProductScreen.clickDisplayedProduct("Book"),
            ProductScreen.totalAmountIs("70.00"),
            ProductScreen.clickPayButton(),
            pay("Card"),
            ReceiptScreen.receiptIsThere(),
            seeCodes(1),
            ReceiptScreen.clickNextOrder(),
            ProductScreen.isShown(),
            Chrome.clickMenuOption("Close Register"),
            {
                content: "Close the register",
                trigger: ".modal-footer button:contains(Close Register)",
                run: "click",
                expectUnloadPage: true,
            },
            {
                content: "See that the next session can begin",
                trigger: ".screen-login .btn.open-register-btn",
            },
        ].flat(),
});
