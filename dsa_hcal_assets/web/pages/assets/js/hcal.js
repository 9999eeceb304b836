// The hadronic calorimeter for shifters: what is out of order, where, and what it was like before.

import { ask } from "./api.js";
import { byId, empty, fill, h, light } from "./dom.js";
import { HeatMap } from "./heat_map.js";
import { age, start } from "./page.js";
import { Panel } from "./panel.js";
import { Tiles } from "./tiles.js";
import { count, instant, number, plural, time } from "./words.js";

const DETECTORS = ["IHCal", "OHCal"];
const PHI_BINS = 64;
const SECTORS = 32;
const LIGHT_WORDS = { ok: "OK", unread: "not read", warning: "warning", error: "error" };
const QUANTITIES = {
  temperature: { name: "SiPM temperature", colours: "viridis", decimals: 2 },
  leakage: { name: "Leakage current", colours: "magma", decimals: 2 },
  bias_offset: { name: "Bias offset", colours: "cividis", decimals: 0 },
};
const SHORT = { temperature: "temp.", leakage: "leak", "bias offset": "offset", "low voltage": "LV", boards: "silent" };
const TILES = {
  state: {
    note: "the worst there is, LED only where it was read", levels: null,
    value: (one) => (one.level === "ok" ? "OK" : SHORT[worstAspect(one)] ?? worstAspect(one)),
    words: (one) => (one.level === "ok" ? "all in order" : worstAspect(one)),
  },
  gain: {
    note: "pre-amplifier gain", levels: ["gain", "boards"],
    value: (one) => one.gain ?? "–", words: (one) => (one.gain ? `gain ${one.gain}` : "gain not read"),
  },
  led: {
    note: "state and mean intensity set, DAC units", levels: ["LED"],
    value: (one) => (one.led === "Incorrect config" ? "Config" : one.led === "On" ? `On ${number(one.led_intensity, 0)}` : one.led ?? "–"),
    words: (one) => (one.led ? `LED ${one.led}${one.led_intensity ? `, intensity ${number(one.led_intensity, 0)}` : ""}` : "LED not read"),
  },
  pin: {
    note: "mean of the five PIN diodes, ADC counts", levels: ["LED"],
    value: (one) => number(one.pin_diode, 1), words: (one) => (one.pin_diode == null ? "PIN diodes not read" : `PIN diodes ${number(one.pin_diode, 1)} ADC counts`),
  },
  temperature: {
    note: "mean of 24 towers, °C", levels: ["temperature"],
    value: (one) => number(one.temperature, 2), words: (one) => (one.temperature == null ? "temperature not read" : `${number(one.temperature, 2)} °C`),
  },
  bias: {
    note: "as the controller reports it, V", levels: ["bias"],
    value: (one) => number(one.bias, 2), words: (one) => (one.bias == null ? "bias not read" : `bias ${number(one.bias, 2)} V`),
  },
};
const RANKS = ["ok", "unread", "warning", "error"];

/** Return what a half-sector's state is about; a silent board explains all that was not read. */
function worstAspect(one) {
  const found = Object.keys(one.levels).filter((aspect) => one.levels[aspect] === one.level);
  return found.includes("boards") ? "boards" : found[0];
}

const worst = (levels) => levels.reduce((a, b) => (RANKS.indexOf(b) > RANKS.indexOf(a) ? b : a), "ok");
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
      fill(byId(id).querySelector(".body"), empty(error.missing ? "Nothing to show" : "Not known", "See the traffic lights."));
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
    byId("notices").append(h("p", { class: "notice warning", id: "old" }, h("span", { "aria-hidden": "true" }, "▲"),
      h("span", {}, h("strong", {}, "No new snapshot. "), "What is shown is the newest state that was loaded, ", age(data.cycle),
        ": the acquisition or the loading stands still.")));
  }
}

function showLights(data, body) {
  const aspects = [...new Set(data.lights.map((one) => one.aspect))];
  const rows = aspects.map((aspect) => h("tr", {}, h("th", { scope: "row" }, capital(aspect)),
    ...DETECTORS.map((detector) => h("td", {}, lightsOf(data.lights.find((one) => one.detector === detector && one.aspect === aspect))))));
  const boards = Object.entries(data.boards);
  const bad = boards.filter(([, status]) => status !== "ok");
  fill(body,
    h("table", { class: "lights" },
      h("thead", {}, h("tr", {}, h("th", {}), ...DETECTORS.map((one) => h("th", { scope: "col" }, one)))),
      h("tbody", {}, rows)),
    bad.length
      ? h("ul", { class: "boards small" }, h("li", { class: "soft" }, "Controllers:"),
        ...bad.map(([board, status]) => h("li", {}, light(status === "partial" ? "warning" : "error", `${board} ${status}`))),
        h("li", { class: "soft" }, `${boards.length - bad.length} answered`))
      : h("p", { class: "soft small" }, `All ${boards.length} controllers answered.`));
}

/** Return the worst light first, each with the number of half-sectors that are so. */
function lightsOf(one) {
  const shown = [...RANKS].reverse().filter((level) => level !== "ok" && one.half_sectors[level]);
  if (one.level !== "ok" && !shown.includes(one.level)) return light(one.level, `${LIGHT_WORDS[one.level]}: whole detector`);
  if (!shown.length) return light("ok");
  return h("div", {}, shown.map((level) => h("div", {}, light(level, `${one.half_sectors[level]} ${level === "error" ? "in error" : LIGHT_WORDS[level]}`))));
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

const tiles = new Tiles(() => showChosen());

function showTiles() {
  if (!view) return;
  put(byId("tiles").querySelector(".body"), [tiles.element]);
  const kind = TILES[picked("shown")];
  const old = picked("shown") === "led" || picked("shown") === "pin";
  byId("shown-note").textContent = kind.note + (old ? `; read ${time(view.leds_read_at)}` : "");
  tiles.show(view.half_sectors, (one) => {
    const level = kind.levels ? worst(kind.levels.map((aspect) => one.levels[aspect])) : one.level;
    return { value: kind.value(one), level, words: `${kind.words(one)}${level === "ok" ? "" : `, ${LIGHT_WORDS[level]}`}` };
  });
  // until somebody chooses, the first of the worst is told about
  if (tiles.chosen == null) tiles.mark(view.half_sectors.find((one) => one.level === worst(view.half_sectors.map((other) => other.level))).half_sector);
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
    ["State", light(one.level, LIGHT_WORDS[one.level])], ["Gain", one.gain ?? "not read"],
    ["Temperature", `${number(one.temperature, 2)} °C, mean`], ["Leakage", `${number(one.leakage, 2)} board units, mean`],
    ["Bias offset", `${number(one.bias_offset, 0)} mV, mean`], ["Bias", `${number(one.bias, 2)} V`],
    ["Low voltage", `${number(one.lv_positive, 2)} V, ${number(one.lv_negative, 2)} V`],
    ["LED", one.led ? `${one.led}, ${number(one.led_intensity, 0)}` : "not read"], ["PIN diodes", one.pin_diode == null ? "not read" : `${number(one.pin_diode, 1)} ADC counts`],
  ];
  const own = view.anomalies.filter((other) => other.half_sector === one.half_sector);
  fill(body, h("dl", { class: "facts" }, facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    own.length ? h("ul", { class: "troubles" }, own.slice(0, 8).map((other) => h("li", {}, light(other.severity, other.words), h("div", { class: "soft small" }, other.place)))) : null,
    h("p", {}, h("a", { href: `/dashboard/hcal/expert?half_sector=${one.label}` }, "Over time")));
}

const mapPlaces = [];
const maps = Object.fromEntries(DETECTORS.map((detector) => {
  const map = new HeatMap({
    name: detector, columns: PHI_BINS, rows: 24, lineAfterRows: [12], apart: 0.5,
    rowTicks: [[0.5, "0"], [6.5, "6"], [12.5, "12"], [18.5, "18"], [23.5, "23"]],
    columnTicks: [0, 8, 16, 24, 32, 40, 48, 56].map((phi) => [phi + 0.5, String(phi)]),
    above: [0, 4, 8, 12, 16, 20, 24, 28].map((sector) => [2 * sector + 1, `s${sector}`]),
  }, (cell, value) => describeTower(detector, cell, value), (cell) => {
    tiles.mark(view.cell_half_sectors[detector][cell]);
    showChosen();
  });
  map.canvas.classList.add("map");
  mapPlaces.push(h("div", { class: "w6" }, h("h3", {}, `${detector} `, h("span", { class: "soft small" }, "ieta (south 0, north 23) over iphi; sectors above")), map.element));
  return [detector, map];
}));

function describeTower(detector, cell, value) {
  const kind = QUANTITIES[picked("mapped")];
  const half = view.half_sectors[view.cell_half_sectors[detector][cell]];
  const map = view.maps.find((one) => one.detector === detector && one.quantity === picked("mapped"));
  const sign = map.errors.includes(cell) ? ", error" : map.warnings.includes(cell) ? ", warning" : "";
  const read = value == null ? "not read" : `${number(value, kind.decimals)} ${map.unit}`;
  return `${half.label} · tower ${view.cell_towers[detector][cell]} · ieta ${Math.floor(cell / PHI_BINS)}, iphi ${cell % PHI_BINS} · ${read}${sign}`;
}

/** Put elements into a body that may hold words about why they are not there. */
function put(body, elements) {
  if (!body.contains(elements[0])) body.replaceChildren(...elements);
}

function showMaps() {
  if (!view) return;
  put(byId("maps").querySelector(".body"), mapPlaces);
  const kind = QUANTITIES[picked("mapped")];
  for (const map of view.maps.filter((one) => one.quantity === picked("mapped"))) {
    const missing = map.values.filter((value) => value == null).length;
    const found = [[map.errors.length, "error"], [map.warnings.length, "warning"]].filter(([many]) => many).map(([many, word]) => plural(many, word));
    if (missing) found.push(`${plural(missing, "tower")} not read`);
    Object.assign(maps[map.detector], { name: `${map.detector}: ${kind.name}` });
    maps[map.detector].show({ ...map, colours: kind.colours, summary: found.join(", ") });
  }
}

const stripPlaces = [];
const stripMaps = Object.fromEntries(DETECTORS.map((detector) => {
  const map = new HeatMap({ name: detector, columns: 48, rows: SECTORS, lineAfterColumns: [24], rowTicks: [0, 8, 16, 24, 31].map((one) => [one + 0.5, String(one)]), columnTicks: [], above: [] },
    (cell, value) => describeHour(detector, cell, value), (cell) => {
      tiles.mark(halfSectorOf(detector, cell));
      showChosen();
    });
  map.canvas.classList.add("strip");
  stripPlaces.push(h("div", { class: "w6" }, h("h3", {}, `${detector} `, h("span", { class: "soft small" }, "sector over hour (UTC): north left, south right")), map.element));
  return [detector, map];
}));

const strips = new Panel("strips", {
  waits: true,
  nothing: ["No hourly means yet", "They are made after the first snapshots of a day were loaded."],
  load: (signal) => ask("/api/hcal/strips", { quantity: picked("mapped"), until: view?.cycle, hours: 24 }, { signal }),
  show(data, body) {
    put(body, stripPlaces);
    const ticks = data.hours.map((hour, place) => [place, new Date(hour).getUTCHours()]).filter(([, hour]) => hour % 6 === 0);
    for (const [detector, map] of Object.entries(stripMaps)) {
      map.columnTicks = [0, 24].flatMap((first) => ticks.map(([place, hour]) => [first + place + 0.5, `${hour} h`]));
      map.above = [[12, "north"], [36, "south"]];
      const values = [];
      for (let sector = 0; sector < SECTORS; sector += 1) {
        for (const half of [0, 1]) values.push(...data.values[firstOf(detector) + 2 * sector + half]);
      }
      map.show({ values, ...data.scales[detector], unit: data.unit, colours: QUANTITIES[data.quantity].colours });
    }
  },
});

const firstOf = (detector) => (detector === "OHCal" ? 0 : 2 * SECTORS);
const halfSectorOf = (detector, cell) => firstOf(detector) + 2 * Math.floor(cell / 48) + (cell % 48 >= 24 ? 1 : 0);

function describeHour(detector, cell, value) {
  const data = strips.data;
  const hour = instant(data.hours[(cell % 48) % 24]).slice(0, 16);
  return `${data.labels[halfSectorOf(detector, cell)]} · ${hour} UTC · ${value == null ? "not read" : `${number(value, 2)} ${data.unit}`}`;
}

const UNITS = { "deg C": "°C", sigma: "σ", 1: "" };
const measured = (value, unit) => `${number(value, 2)} ${UNITS[unit] ?? unit}`.trim();

function showAnomalies(data) {
  const body = byId("anomalies").querySelector(".body");
  const note = data.anomalies_total > data.anomalies.length ? `the first ${data.anomalies.length} of ${count(data.anomalies_total)}` : plural(data.anomalies_total, "anomaly", "anomalies");
  byId("anomalies-note").textContent = data.anomalies.length ? note : "";
  if (!data.anomalies.length) {
    fill(body, data.judged_at
      ? empty("Everything was in order", `Looked for anomalies at ${instant(data.judged_at)} UTC.`)
      : empty("Not looked for yet", "Anomalies of this day have not been looked for."));
    return;
  }
  const rows = data.anomalies.map((one) => h("tr", { class: one.severity },
    h("td", {}, light(one.severity)), h("td", { class: "nowrap" }, one.place), h("td", {}, one.words),
    h("td", { class: "number nowrap" }, measured(one.value, one.unit)), h("td", { class: "number nowrap" }, measured(one.limit_value, one.unit)),
    h("td", { class: "nowrap" }, instant(one.started_at))));
  fill(body, h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Anomalies in force" }, h("table", {},
    h("thead", {}, h("tr", {}, ...["Severity", "Where", "What"].map((text) => h("th", { scope: "col" }, text)),
      ...["Worst", "Limit"].map((text) => h("th", { scope: "col", class: "number" }, text)), h("th", { scope: "col" }, "Since (UTC)"))),
    h("tbody", {}, rows))));
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
