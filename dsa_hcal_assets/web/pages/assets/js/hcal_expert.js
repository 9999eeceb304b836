// The hadronic calorimeter for experts: bias, currents and leakage of a sector over time, and all supplies.

import { ask, Failure } from "./api.js";
import { byId, empty, fill, h, light } from "./dom.js";
import { age, start } from "./page.js";
import { Panel } from "./panel.js";
import { table } from "./parts.js";
import { SeriesChart, seconds } from "./series_chart.js";
import { number } from "./words.js";

const SECTORS = 32;
const POINTS = 600; // about two pixels each
const SCATTER_POINTS = 9; // neighbours that a moving standard deviation is taken over
const HALVES = [
  ["N", "north", "--series-1"],
  ["S", "south", "--series-2"],
];
const SUPPLY_STATES = { On: "ok", Tripped: "error", "Current limited": "warning", Other: "warning" };
const MICRO = 1e6;
const SUPPLY_DAYS = 31; // the API gives supplies over so many days at most
const asked = new URLSearchParams(location.search);

let zoomed = null;
let supplies = []; // the newest reading of every bias channel that serves a sector

const sectorName = (number_) =>
  `${number_ < SECTORS ? "O" : "I"}-${String(number_ % SECTORS).padStart(2, "0")}`;
const names = [...Array(2 * SECTORS).keys()].map(sectorName);
byId("sector").append(
  ...["I", "O"].map((letter) =>
    h(
      "optgroup",
      { label: letter === "I" ? "Inner (IHCal)" : "Outer (OHCal)" },
      names.filter((name) => name.startsWith(letter)).map((name) => h("option", { value: name }, name)),
    ),
  ),
);
byId("sector").value =
  names.find((name) => (asked.get("half_sector") ?? asked.get("sector") ?? "").startsWith(name)) ?? "O-00";

function wantedSpan() {
  const end = byId("until").value
    ? Date.parse(`${byId("until").value}Z`)
    : Math.ceil(Date.now() / 60000) * 60000;
  const [from, to] = zoomed?.map((at) => at * 1000) ?? [end - Number(byId("span").value) * 3600000, end];
  return { start: new Date(from).toISOString(), end: new Date(to).toISOString() };
}

const zoom = (edges) => {
  zoomed = edges;
  byId("all").hidden = !edges;
  series.refresh();
};
const chart = (name, unit, decimals, height = 170) =>
  new SeriesChart({ name, unit, decimals, height, sync: "hcal" }, zoom);
const charts = {
  bias: chart("Bias", "V", 3),
  scatter: chart("Bias, moving standard deviation", "mV", 1, 120),
  current: chart("Supply current", "µA", 1),
  leakage: chart("Leakage current", "board units", 2),
  temperature: chart("SiPM temperature", "°C", 2),
};

const series = new Panel("series", {
  topics: ["readings"],
  load: async (signal) => {
    const sector = byId("sector").value;
    const span = { ...wantedSpan(), points: POINTS };
    if (!supplies.length) await readSupplies(signal);
    const tooLong = Date.parse(span.end) - Date.parse(span.start) > SUPPLY_DAYS * 86400000;
    const channel = tooLong ? null : supplies.find((one) => sectorName(one.hcal_sector) === sector);
    const of = (path, more) => ask(path, { ...more, ...span }, { signal });
    const halves = (quantity) =>
      Promise.all(HALVES.map(([half]) => of(`/api/hcal/half-sectors/${sector}${half}/series`, { quantity })));
    const supply = (quantity) =>
      channel
        ? of("/api/hcal/supplies/series", {
            crate: channel.crate,
            slot: channel.slot,
            channel: channel.channel,
            quantity,
          })
        : null;
    const [bias, leakage, temperature, set, measured, current] = await Promise.all([
      halves("bias"),
      halves("leakage"),
      halves("temperature"),
      supply("v_set"),
      supply("v_meas"),
      supply("i_meas"),
    ]);
    return { span, tooLong, bias, leakage, temperature, set, measured, current };
  },
  show(data, body) {
    if (!body.contains(charts.bias.element)) {
      body.replaceChildren(
        ...Object.values(charts).flatMap((one) => [h("h3", {}, `${one.name} (${one.unit})`), one.element]),
      );
    }
    byId("series-note").textContent = data.tooLong
      ? `Supplies are shown over ${SUPPLY_DAYS} days at most.`
      : "";
    const span = [Date.parse(data.span.start) / 1000, Date.parse(data.span.end) / 1000];
    const halves = (found) => found.map((one, place) => drawn(one, HALVES[place][1], HALVES[place][2]));
    const supply = (found, label, colour, more = {}) =>
      found ? [{ ...drawn(found, label, colour), ...more }] : [];
    charts.bias.show({
      span,
      series: [
        ...halves(data.bias),
        ...supply(data.measured, "supply, measured", "--series-4"),
        ...supply(data.set, "supply, set", "--soft", { dash: [4, 4], min: null, max: null }),
      ],
    });
    charts.scatter.show({
      span,
      series: [...halves(data.bias), ...supply(data.measured, "supply", "--series-4")].map(scatter),
    });
    charts.current.show({ span, series: supply(data.current, "measured", "--series-4").map(micro) });
    charts.leakage.show({ span, series: halves(data.leakage) });
    charts.temperature.show({ span, series: halves(data.temperature) });
  },
});

const drawn = (found, label, colour) => ({
  label,
  colour,
  times: seconds(found.times),
  mean: found.mean,
  min: found.min,
  max: found.max,
  step: found.step_seconds,
});

const micro = (one) => {
  const scaled = (values) => values.map((value) => value * MICRO);
  return { ...one, mean: scaled(one.mean), min: scaled(one.min), max: scaled(one.max) };
};

/** Return a series of the standard deviation (mV) of each point's neighbours and itself. */
function scatter(one) {
  const side = Math.floor(SCATTER_POINTS / 2);
  const mean = one.mean.map((_, place) => {
    const near = one.mean.slice(Math.max(0, place - side), place + side + 1);
    const middle = near.reduce((a, b) => a + b, 0) / near.length;
    return (
      1000 *
      Math.sqrt(near.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, near.length - 1))
    );
  });
  return { ...one, mean, min: null, max: null };
}

async function readSupplies(signal) {
  try {
    const found = await ask(
      "/api/hcal/supplies",
      { at: byId("until").value ? `${byId("until").value}:00Z` : null },
      { signal },
    );
    supplies = found
      .filter((one) => one.kind === "mpod" && one.hcal_sector != null)
      .sort((a, b) => a.hcal_sector - b.hcal_sector);
  } catch (error) {
    if (!(error instanceof Failure) || !error.missing) throw error;
    supplies = [];
  }
  return supplies;
}

const supplyTable = new Panel("supplies", {
  topics: ["readings"],
  load: readSupplies,
  show(found, body) {
    const bad = found.filter((one) => one.state !== "On").length;
    byId("supplies-note").textContent = found.length ? `${found.length - bad} of ${found.length} on` : "";
    if (!found.length) {
      fill(body, empty("No supply was read", "Nothing within half an hour of that time."));
      return;
    }
    const chosen = byId("sector").value;
    const rows = found.map((one) => {
      const name = sectorName(one.hcal_sector);
      const off = one.v_set == null || one.v_meas == null ? null : 1000 * (one.v_meas - one.v_set);
      return h(
        "tr",
        { class: SUPPLY_STATES[one.state] === "ok" ? "" : (SUPPLY_STATES[one.state] ?? "") },
        h(
          "td",
          {},
          h(
            "button",
            { type: "button", class: "quiet", "data-sector": name, "aria-pressed": String(name === chosen) },
            name,
          ),
        ),
        h("td", {}, light(SUPPLY_STATES[one.state] ?? "unread", one.state ?? "not known")),
        h("td", { class: "number" }, number(one.v_set, 2)),
        h("td", { class: "number" }, number(one.v_meas, 2)),
        h("td", { class: "number" }, number(off, 0)),
        h("td", { class: "number" }, number(one.i_meas == null ? null : one.i_meas * MICRO, 0)),
        h("td", { class: "number" }, number(one.i_limit == null ? null : one.i_limit * 1000, 1)),
      );
    });
    const newest = found.reduce((a, b) => (a.ts > b.ts ? a : b)).ts;
    const numbers = ["Set V", "Is V", "Δ mV", "µA", "Limit mA"].map((text) => ({ text, number: true }));
    const all = table("Bias supplies of all sectors", ["Sector", "State", ...numbers], rows);
    all.classList.add("tall");
    fill(body, h("p", { class: "soft small" }, "Read ", age(newest)), all);
  },
});

function choose(sector) {
  byId("sector").value = sector;
  history.replaceState(null, "", `/dashboard/hcal/expert?sector=${sector}`);
  for (const button of document.querySelectorAll("#supplies [data-sector]"))
    button.setAttribute("aria-pressed", String(button.dataset.sector === sector));
  series.refresh();
}

byId("supplies").addEventListener("click", (event) => {
  const button = event.target.closest("[data-sector]");
  if (button) choose(button.dataset.sector);
});
byId("sector").addEventListener("change", () => choose(byId("sector").value));
byId("span").addEventListener("change", () => zoom(null));
byId("until").addEventListener("change", () => {
  supplyTable.refresh();
  zoom(null);
});
byId("all").addEventListener("click", () => zoom(null));

start([series, supplyTable]);
