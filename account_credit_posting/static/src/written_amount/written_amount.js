import { Component, onMounted } from "@odoo/owl";
import { getCurrency } from "@web/core/currency";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatFloat } from "@web/views/fields/formatters";
import {
    MonetaryField,
    monetaryField,
} from "@web/views/fields/monetary/monetary_field";
import { InvalidNumberError } from "@web/views/fields/parsers";
import { readAmount } from "./read_amount";

/**
 * Ask which amount is meant by a text.
 */
export class AmountQuestion extends Component {
    static template = "account_credit_posting.AmountQuestion";
    static components = { Dialog };
    static props = {
        text: String,
        candidates: Array, // [{ amount: number, label: string }]
        choose: Function,
        close: Function,
    };

    onClick(amount) {
        this.props.choose(amount);
        this.props.close();
    }
}

/**
 * Let a field read what is typed by the language of the user, and ask where that says
 * nothing sure. What is asked about, or no amount, is not taken.
 *
 * @param {Component} field
 * @param {() => {digits: number, symbols: string[]}} getOptions of `readAmount`
 * @returns {(text: string) => number} throws where the text is not taken
 */
export function useWrittenAmount(field, getOptions) {
    const dialog = useService("dialog");
    const notification = useService("notification");
    // Odoo reads the same text again before it saves, and there is one answer.
    let asked = null;
    let refused = null;

    function choose(amount) {
        const { name, record } = field.props;
        record.resetFieldValidity(name);
        return record.update({ [name]: amount });
    }

    function ask(text, candidates, digits) {
        if (asked === text) {
            return;
        }
        asked = text;
        dialog.add(
            AmountQuestion,
            {
                text,
                candidates: candidates.map((amount) => ({
                    amount,
                    label: formatFloat(amount, { digits: [16, digits] }),
                })),
                choose,
            },
            {
                onClose: () => {
                    asked = null;
                    field.inputRef.el?.focus();
                },
            }
        );
    }

    function refuse(text, digits) {
        if (refused === text) {
            return;
        }
        refused = text;
        const example = formatFloat(1234.5, { digits: [16, digits] });
        notification.add(
            _t("%(text)s is not a valid amount. Write it like %(example)s.", {
                text,
                example,
            }),
            { type: "danger" }
        );
    }

    return (text) => {
        const options = getOptions();
        const { amount, candidates } = readAmount(text, options);
        if (amount !== undefined) {
            refused = null;
            return amount;
        }
        if (candidates) {
            ask(text, candidates, options.digits);
        } else {
            refuse(text, options.digits);
        }
        throw new InvalidNumberError(text);
    };
}

/**
 * An amount of money that is read as it is written in the language of the user.
 */
export class WrittenAmountField extends MonetaryField {
    static props = {
        ...MonetaryField.props,
        /** Where this field is filled, one types the amount at once. */
        focusedAfter: { type: String, optional: true },
    };

    setup() {
        this.parse = useWrittenAmount(this, () => ({
            digits: this.currencyDigits?.[1] ?? 2,
            symbols: [this.currency?.symbol, getCurrency(this.currencyId)?.name],
        }));
        super.setup();
        onMounted(() => {
            const { focusedAfter, record } = this.props;
            // On a narrow screen the keyboard would cover the page.
            if (focusedAfter && record.data[focusedAfter] && !this.env.isSmall) {
                this.inputRef.el?.focus();
                this.inputRef.el?.select();
            }
        });
    }

    get inputOptions() {
        return { ...super.inputOptions, parse: (text) => this.parse(text) };
    }
}

registry.category("fields").add("written_amount", {
    ...monetaryField,
    component: WrittenAmountField,
    extractProps: (fieldInfo, dynamicInfo) => ({
        ...monetaryField.extractProps(fieldInfo, dynamicInfo),
        focusedAfter: fieldInfo.options.focused_after,
    }),
});
