// Tokens as text that can be seen. Model text becomes a text node, never markup.

const BLANKS = { " ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍", "\u00a0": "⍽" };
// Control characters, and those that would be invisible or turn the direction of the text around them.
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]/g;

/** Returns the token with its blanks shown and its invisible characters written out. */
export function showBlanks(token) {
  if (token === "") return "(empty)";
  return token
    .replace(/ {5,}/g, (blanks) => "␣×" + blanks.length)
    .replace(/[ \n\t\r\u00a0]/g, (blank) => BLANKS[blank])
    .replace(INVISIBLE, (character) => "\\u{" + character.codePointAt(0).toString(16) + "}");
}

export function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Gives a node another text, if it is another. */
export function write(node, text) {
  const only = node.firstChild;
  if (!only || only.nextSibling || only.nodeType !== Node.TEXT_NODE) node.textContent = text;
  else if (only.data !== text) only.data = text; // the same text node: a new one would be laid out anew
}

export const thousands = new Intl.NumberFormat("en-US");

/** Returns a number with three significant digits. */
export function three(value) {
  return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 });
}

/** Returns a place in an order as "3rd". */
export function ordinal(number) {
  const ending = { one: "st", two: "nd", few: "rd", other: "th" };
  return thousands.format(number) + ending[new Intl.PluralRules("en", { type: "ordinal" }).select(number)];
}

/** Returns a similarity as ".81" or "−.07". */
export function short(score) {
  const text = score.toFixed(2).replace("-0.00", "0.00");
  return text.replace(/^(-?)0\./, "$1.").replace("-", "−");
}

const VIRIDIS = ["440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"].map((hex) =>
  [0, 2, 4].map((from) => parseInt(hex.slice(from, from + 2), 16)),
); // nine of matplotlib's 256 colours; those between are mixed

/** Returns [red, green, blue] of viridis at `share` of its range, 0 to 1. */
export function viridis(share) {
  const place = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const lower = Math.min(VIRIDIS.length - 2, Math.floor(place));
  return VIRIDIS[lower].map((from, i) => Math.round(from + (VIRIDIS[lower + 1][i] - from) * (place - lower)));
}
