// Parts that several pages show: notices, tables, figures.

import { h, levelSymbol } from "./dom.js";

/** Return a line that stands out: a sign, what it is, and more. */
export const notice = (level, title, ...more) =>
  h(
    "p",
    { class: `notice ${level}` },
    h("span", { "aria-hidden": "true" }, levelSymbol(level)),
    h("span", {}, h("strong", {}, title), ...more),
  );

/**
 * Return a table that scrolls by itself.
 *
 * @param name of the table, for those who do not see it
 * @param columns texts, or {text, number: right-aligned, wide: left out on narrow displays}
 * @param rows of h("tr")
 */
export function table(name, columns, rows) {
  const heads = columns.map((one) => {
    const { text, number, wide } = typeof one === "string" ? { text: one } : one;
    const kinds = [number ? "number" : "", wide ? "wide-only" : ""].filter(Boolean).join(" ");
    return h("th", { scope: "col", class: kinds || null }, text);
  });
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": name },
    h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)),
  );
}

/** Return a number with its name and unit, and words below. */
export const figure = (name, value, unit, ...below) =>
  h(
    "div",
    { class: "figure" },
    h("dt", {}, name),
    h("dd", {}, value, unit ? h("small", {}, ` ${unit}`) : null),
    below.length ? h("dd", { class: "below" }, below) : null,
  );
