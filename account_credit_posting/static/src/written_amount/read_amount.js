import { localization } from "@web/core/l10n/localization";
import { evaluateExpr } from "@web/core/py_js/py";
import { escapeRegExp } from "@web/core/utils/strings";

/** How people write amounts in the world: what comes before the decimals, and groups. */
const CONVENTIONS = [
    { point: ".", group: "," },
    { point: ",", group: "." },
];

/**
 * Read an amount in one convention; nothing is guessed.
 *
 * @param {string} text
 * @param {Object} convention
 * @param {string} convention.point before the decimals
 * @param {string} convention.group between groups of three digits, beside blanks
 * @returns {string|null} such as "-1234.50", or null where it is no amount
 */
function normalize(text, { point, group }) {
    const groups = `[\\s'’${escapeRegExp(group)}]`;
    const match = text.match(
        new RegExp(
            `^([+-]?)(\\d{1,15}|\\d{1,3}(?:(${groups})\\d{3}(?:\\3\\d{3})*)|(?=${escapeRegExp(
                point
            )}))(?:${escapeRegExp(point)}(\\d{1,15}))?$`
        )
    );
    if (!match) {
        return null;
    }
    const [, sign, whole, , part] = match;
    const digits = whole.replace(/\D/g, "") || "0";
    return `${sign === "-" ? "-" : ""}${digits}${part ? `.${part}` : ""}`;
}

function countDecimals(plain) {
    return plain.split(".")[1]?.length || 0;
}

function withoutSymbols(text, symbols) {
    let plain = text.replace(/−/g, "-").trim();
    for (const symbol of symbols) {
        if (plain.startsWith(symbol)) {
            plain = plain.slice(symbol.length).trim();
        } else if (plain.endsWith(symbol)) {
            plain = plain.slice(0, -symbol.length).trim();
        }
    }
    return plain;
}

/** "=100/3" is worked out, its numbers read by the language alone. */
function evaluate(text, own, digits) {
    const parts = text
        .slice(1)
        .split(/([-+*/()])/)
        .map((part) => part.trim())
        .filter(Boolean)
        .map((part) => (/^[-+*/()]$/.test(part) ? part : normalize(part, own)));
    if (!parts.length || parts.includes(null)) {
        return {};
    }
    let amount = NaN;
    try {
        amount = evaluateExpr(parts.join(" "));
    } catch {
        return {};
    }
    return Number.isFinite(amount) ? { amount: Number(amount.toFixed(digits)) } : {};
}

/**
 * Read an amount as it is written in the language of the user.
 *
 * What is no amount in this language, or more precise than the currency, may be one in
 * another: then it is to be asked about.
 *
 * @param {string} text
 * @param {Object} options
 * @param {number} options.digits decimals of the currency
 * @param {string[]} [options.symbols] that may stand beside the amount
 * @returns {{amount?: number, candidates?: number[]}} the amount, or what it may be;
 *  nothing where it is no amount
 */
export function readAmount(text, { digits, symbols = [] }) {
    const own = {
        point: localization.decimalPoint,
        group: localization.thousandsSep || "",
    };
    const plain = withoutSymbols(text, symbols.filter(Boolean));
    if (!plain) {
        return { amount: 0 };
    }
    if (plain.startsWith("=")) {
        return evaluate(plain, own, digits);
    }
    const reading = normalize(plain, own);
    if (reading !== null && countDecimals(reading) <= digits) {
        return { amount: Number(reading) };
    }
    const readings = [own, ...CONVENTIONS]
        .map((convention) => normalize(plain, convention))
        .filter((other) => other !== null)
        .filter((other) => countDecimals(other.replace(/0+$/, "")) <= digits);
    const candidates = [...new Set(readings.map(Number))];
    return candidates.length ? { candidates } : {};
}
