// The hadronic calorimeter for shifters: what is out of order, where, and what it was like before.

import { ask } from "./api.js";
import { byId, empty, fill, h, light } from "./dom.js";
import { DETECTORS, LIGHT_WORDS, RANKS, TILES, worst } from "./hcal_kinds.js";
import { DetectorMaps, DetectorStrips, put } from "./hcal_maps.js";
import { age, start } from "./page.js";
import { Panel } from "./panel.js";
import { notice, table } from "./parts.js";
import { Tiles } from "./tiles.js";
import { count, instant, number, plural, time } from "./words.js";

const picked = (name) => document.querySelector(`input[name="${name}"]:checked`).value;

let at = new URLSearchParams(location.search).get("at"); // ISO; null: now
let view = null; // the last answer of /api/hcal/shift
let shownStrips = null; // the cycle that the strips end with

const main = new Panel("lights", {
  topics: ["readings"],
  nothing: at
    ? ["No detector state near that time", "No snapshot was loaded within an hour of it."]
    : ["No detector state yet", "The first snapshot is shown as soon as it is loaded."],
  load: (signal) => ask("/api/hcal/shift", { at }, { signal }),
  without(error) {
    view = shownStrips = null;
    fill(byId("snapshot"), "");
    for (const id of ["tiles", "chosen", "maps", "strips", "anomalies"]) {
      fill(
        byId(id).querySelector(".body"),
        empty(error.missing ? "Nothing to show" : "Not known", "See the traffic lights."),
      );
    }
  },
  show(data, body) {
    view = data;
    showSnapshot(data);
    showLights(data, body);
    showTiles();
    showMaps();
    showAnomalies(data);
    showChosen();
    if (shownStrips !== data.cycle) strips.want();
    shownStrips = data.cycle;
  },
});

function showSnapshot(data) {
  const run = data.run_number == null ? "run not known" : `run ${data.run_number}`;
  const old = at ? null : [" · ", age(data.cycle, data.stale_after_seconds)];
  const judged = data.judged_at ? "" : " · anomalies of this day were not looked for yet";
  fill(byId("snapshot"), `Snapshot ${instant(data.cycle)} UTC · ${run}`, old, judged);
  const tooOld = !at && data.age_seconds > data.stale_after_seconds;
  byId("old")?.remove();
  if (tooOld) {
    const old = notice(
      "warning",
      "No new snapshot. ",
      "What is shown is the newest state that was loaded, ",
      age(data.cycle),
      ": the acquisition or the loading stands still.",
    );
    old.id = "old";
    byId("notices").append(old);
  }
}

function showLights(data, body) {
  const aspects = [...new Set(data.lights.map((one) => one.aspect))];
  const rows = aspects.map((aspect) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, capital(aspect)),
      ...DETECTORS.map((detector) =>
        h("td", {}, lightsOf(data.lights.find((one) => one.detector === detector && one.aspect === aspect))),
      ),
    ),
  );
  const boards = Object.entries(data.boards);
  const bad = boards.filter(([, status]) => status !== "ok");
  fill(
    body,
    h(
      "table",
      { class: "lights" },
      h("thead", {}, h("tr", {}, h("th", {}), ...DETECTORS.map((one) => h("th", { scope: "col" }, one)))),
      h("tbody", {}, rows),
    ),
    bad.length
      ? h(
          "ul",
          { class: "boards small" },
          h("li", { class: "soft" }, "Controllers:"),
          ...bad.map(([board, status]) =>
            h("li", {}, light(status === "partial" ? "warning" : "error", `${board} ${status}`)),
          ),
          h("li", { class: "soft" }, `${boards.length - bad.length} answered`),
        )
      : h("p", { class: "soft small" }, `All ${boards.length} controllers answered.`),
  );
}

/** Return the worst light first, each with the number of half-sectors that are so. */
function lightsOf(one) {
  const shown = [...RANKS].reverse().filter((level) => level !== "ok" && one.half_sectors[level]);
  if (one.level !== "ok" && !shown.includes(one.level))
    return light(one.level, `${LIGHT_WORDS[one.level]}: whole detector`);
  if (!shown.length) return light("ok");
  return h(
    "div",
    {},
    shown.map((level) =>
      h(
        "div",
        {},
        light(level, `${one.half_sectors[level]} ${level === "error" ? "in error" : LIGHT_WORDS[level]}`),
      ),
    ),
  );
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

const tiles = new Tiles(() => showChosen());
const choose = (halfSector) => {
  tiles.mark(halfSector);
  showChosen();
};
const maps = new DetectorMaps(choose);
const stripMaps = new DetectorStrips(choose);

const strips = new Panel("strips", {
  waits: true,
  nothing: ["No hourly means yet", "They are made after the first snapshots of a day were loaded."],
  load: (signal) => ask("/api/hcal/strips", { quantity: picked("mapped"), until: view?.cycle }, { signal }),
  show: (data, body) => stripMaps.show(data, body),
});

function showMaps() {
  if (view) maps.show(view, picked("mapped"), byId("maps").querySelector(".body"));
}

function showTiles() {
  if (!view) return;
  put(byId("tiles").querySelector(".body"), [tiles.element]);
  const kind = TILES[picked("shown")];
  const old = picked("shown") === "led" || picked("shown") === "pin";
  byId("shown-note").textContent = kind.note + (old ? `; read ${time(view.leds_read_at)}` : "");
  tiles.show(view.half_sectors, (one) => {
    const level = kind.levels ? worst(kind.levels.map((aspect) => one.levels[aspect])) : one.level;
    return {
      value: kind.value(one),
      level,
      words: `${kind.words(one)}${level === "ok" ? "" : `, ${LIGHT_WORDS[level]}`}`,
    };
  });
  // until somebody chooses, the first of the worst is told about
  if (tiles.chosen == null)
    tiles.mark(
      view.half_sectors.find((one) => one.level === worst(view.half_sectors.map((other) => other.level)))
        .half_sector,
    );
}

function showChosen() {
  const body = byId("chosen").querySelector(".body");
  const one = view?.half_sectors.find((other) => other.half_sector === tiles.chosen);
  byId("chosen-title").textContent = one ? `Half-sector ${one.label}` : "Half-sector";
  if (!one) {
    fill(body, empty("None chosen", "Choose a tile, or a tower on a map."));
    return;
  }
  const facts = [
    ["State", light(one.level, LIGHT_WORDS[one.level])],
    ["Gain", one.gain ?? "not read"],
    ["Temperature", `${number(one.temperature, 2)} °C, mean`],
    ["Leakage", `${number(one.leakage, 2)} board units, mean`],
    ["Bias offset", `${number(one.bias_offset, 0)} mV, mean`],
    ["Bias", `${number(one.bias, 2)} V`],
    ["Low voltage", `${number(one.lv_positive, 2)} V, ${number(one.lv_negative, 2)} V`],
    ["LED", one.led ? `${one.led}, ${number(one.led_intensity, 0)}` : "not read"],
    ["PIN diodes", one.pin_diode == null ? "not read" : `${number(one.pin_diode, 1)} ADC counts`],
  ];
  const own = view.anomalies.filter((other) => other.half_sector === one.half_sector);
  fill(
    body,
    h(
      "dl",
      { class: "facts" },
      facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    ),
    own.length
      ? h(
          "ul",
          { class: "troubles" },
          own
            .slice(0, 8)
            .map((other) =>
              h("li", {}, light(other.severity, other.words), h("div", { class: "soft small" }, other.place)),
            ),
        )
      : null,
    h("p", {}, h("a", { href: `/dashboard/hcal/expert?half_sector=${one.label}` }, "Over time")),
  );
}

const UNITS = { "deg C": "°C", sigma: "σ", 1: "" };
const measured = (value, unit) => `${number(value, 2)} ${UNITS[unit] ?? unit}`.trim();

function showAnomalies(data) {
  const body = byId("anomalies").querySelector(".body");
  const note =
    data.anomalies_total > data.anomalies.length
      ? `the first ${data.anomalies.length} of ${count(data.anomalies_total)}`
      : plural(data.anomalies_total, "anomaly", "anomalies");
  byId("anomalies-note").textContent = data.anomalies.length ? note : "";
  if (!data.anomalies.length) {
    fill(
      body,
      data.judged_at
        ? empty("Everything was in order", `Looked for anomalies at ${instant(data.judged_at)} UTC.`)
        : empty("Not looked for yet", "Anomalies of this day have not been looked for."),
    );
    return;
  }
  const rows = data.anomalies.map((one) =>
    h(
      "tr",
      { class: one.severity },
      h("td", {}, light(one.severity)),
      h("td", { class: "nowrap" }, one.place),
      h("td", {}, one.words),
      h("td", { class: "number nowrap" }, measured(one.value, one.unit)),
      h("td", { class: "number nowrap" }, measured(one.limit_value, one.unit)),
      h("td", { class: "nowrap" }, instant(one.started_at)),
    ),
  );
  const columns = [
    "Severity",
    "Where",
    "What",
    { text: "Worst", number: true },
    { text: "Limit", number: true },
    "Since (UTC)",
  ];
  fill(body, table("Anomalies in force", columns, rows));
}

byId("shown").addEventListener("change", showTiles);
byId("mapped").addEventListener("change", () => {
  showMaps();
  strips.refresh();
});
byId("when").addEventListener("submit", (event) => {
  event.preventDefault();
  if (byId("at").value) go(`${byId("at").value.slice(0, 16)}:00Z`);
});
byId("now").addEventListener("click", () => go(null));

function go(moment) {
  at = moment;
  byId("now").hidden = !moment;
  byId("at").value = moment ? moment.slice(0, 16) : "";
  history.replaceState(null, "", moment ? `/dashboard/hcal?at=${moment}` : "/dashboard/hcal");
  main.refresh();
}

byId("now").hidden = !at;
if (at) byId("at").value = new Date(at).toISOString().slice(0, 16);
showChosen();
start([main, strips]);
