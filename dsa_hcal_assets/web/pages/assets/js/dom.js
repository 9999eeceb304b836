// Elements made in one line. Text is always text, never markup.

/**
 * Return a new element.
 *
 * Properties that start with "on" are listeners, those that are true, false or null stand for attributes
 * that are there or not. Children may be elements, texts, numbers, nulls (nothing) and lists of these.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

/** Put `children` in the place of what `element` held, unless it looks the same already. */
export function fill(element, ...children) {
  const fresh = h("div", {}, ...children);
  // what has not changed is let be, so that focus, selection and scrolling survive
  if (fresh.innerHTML === element.innerHTML && !element.querySelector("canvas")) return;
  element.replaceChildren(...fresh.childNodes);
}

export const byId = (id) => document.getElementById(id);

const LIGHTS = {
  ok: ["✓", "OK"],
  pass: ["✓", "passed"],
  warning: ["▲", "warning"],
  warn: ["▲", "warning"],
  error: ["✖", "error"],
  critical: ["✖", "critical"],
  fail: ["✖", "failed"],
  info: ["i", "info"],
  debug: ["i", "debug"],
  unread: ["?", "not read"],
  off: ["○", "off"],
};
const CLASSES = {
  pass: "ok",
  warn: "warning",
  critical: "error",
  fail: "error",
  info: "unread",
  debug: "unread",
  off: "unread",
};

/** Return the class of a level, one of ok, warning, error, unread. */
export const levelClass = (level) => CLASSES[level] ?? (level in LIGHTS ? level : "unread");

export const levelSymbol = (level) => (LIGHTS[level] ?? ["?"])[0];

/** Return a traffic light: symbol and word, coloured besides. */
export function light(level, word) {
  const [symbol, usual] = LIGHTS[level] ?? ["?", level ?? "not known"];
  return h(
    "span",
    { class: `light ${levelClass(level)}` },
    h("span", { class: "symbol", "aria-hidden": "true" }, symbol),
    h("span", {}, word ?? usual),
  );
}

/** Return what stands where there is nothing to show, and what that means. */
export const empty = (what, why = "") => h("p", { class: "empty" }, h("strong", {}, what), why);
