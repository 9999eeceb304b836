// What came in lately, source by source.

import { empty, fill, h, light } from "./dom.js";
import { age } from "./page.js";
import { bytes, count, plural } from "./words.js";

const SOURCES = {
  uvh5: "radio subbands",
  ms: "archived observations",
  hcal: "HCal controllers",
  emcal: "EMCal controllers",
  supplies: "power supplies",
  registers: "board registers",
  events: "control-plane events",
  rig: "test rig",
};

const SVG = "http://www.w3.org/2000/svg";

/** Return bars of counts, drawn; the numbers are said beside them. */
function bars(values) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", `0 0 ${values.length} 20`);
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("class", "bars");
  picture.setAttribute("aria-hidden", "true");
  const most = Math.max(1, ...values);
  values.forEach((value, place) => {
    if (!value) return;
    const bar = document.createElementNS(SVG, "rect");
    const height = Math.max(1, (19 * value) / most);
    for (const [name, size] of Object.entries({ x: place + 0.12, width: 0.76, y: 20 - height, height }))
      bar.setAttribute(name, size);
    picture.append(bar);
  });
  const ground = document.createElementNS(SVG, "line");
  for (const [name, at] of Object.entries({
    x1: 0,
    x2: values.length,
    y1: 20,
    y2: 20,
    "vector-effect": "non-scaling-stroke",
  }))
    ground.setAttribute(name, at);
  picture.append(ground);
  return picture;
}

/** Show what each source delivered lately, and what of it waits or is in quarantine. */
export function showIncoming(pace, ledger) {
  const body = document.querySelector("#incoming .body");
  const known = Object.keys(ledger);
  if (!known.length) {
    fill(
      body,
      empty("Nothing has arrived yet", "Files that land in the incoming directories are shown here."),
    );
    return;
  }
  const steps = Math.round(3600 / pace.step_seconds);
  fill(
    body,
    known.map((source) => {
      const found = pace.sources.find((one) => one.source === source);
      const files = found?.files.slice(-steps).reduce((a, b) => a + b, 0) ?? 0;
      const size = found?.bytes.slice(-steps).reduce((a, b) => a + b, 0) ?? 0;
      const { pending, quarantined } = ledger[source];
      return h(
        "div",
        { class: "source" },
        h(
          "div",
          { class: "line" },
          h("strong", {}, SOURCES[source] ?? source),
          h("span", { class: "soft small" }, found ? age(found.newest) : "nothing in three hours"),
          h("span", {}, found ? `${plural(files, "file")}, ${bytes(size)} an hour` : ""),
        ),
        found ? bars(found.files) : null,
        pending || quarantined
          ? h(
              "div",
              { class: "small" },
              pending ? h("span", { class: "soft" }, `${count(pending)} waiting to be loaded `) : null,
              quarantined ? light("warning", `${count(quarantined)} in quarantine`) : null,
            )
          : null,
      );
    }),
  );
}
