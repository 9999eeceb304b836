// The test rig: key figures and trends of a day, or of a span that ends with it.

import { ask, Failure } from "./api.js";
import { byId, empty, fill, h, light } from "./dom.js";
import { Panel } from "./panel.js";
import { figure, table } from "./parts.js";
import { start } from "./page.js";
import { SeriesChart, seconds } from "./series_chart.js";
import { count, instant, number, plural } from "./words.js";

const DAY_MS = 86400000;
const ASKED = byId("rig").dataset.day;
const LISTED = 50; // points that are out of order in the table

let day = ASKED || null;
let zoomed = null; // [start, end] in seconds, or null: the whole span

const dayOf = (ms) => new Date(ms).toISOString().slice(0, 10);

async function chosenDay(signal) {
  if (!day) day = (await ask("/api/kpis", {}, { signal })).date;
  byId("day").value = day;
  return day;
}

/** Return the [start, end) that is wanted, ISO. */
async function wantedSpan(signal) {
  const end = Date.parse(await chosenDay(signal)) + DAY_MS;
  const [from, to] = zoomed?.map((at) => at * 1000) ?? [end - Number(byId("span").value) * DAY_MS, end];
  if (Number.isNaN(from)) throw new Failure(400, `${day} is no day; it is written YYYY-MM-DD.`);
  return { start: new Date(from).toISOString(), end: new Date(to).toISOString() };
}

const kpis = new Panel("kpis", {
  topics: ["kpis"],
  nothing: [
    "No key figures of this day",
    "The rig delivered nothing, or its day has not been processed yet.",
  ],
  load: async (signal) => ask("/api/kpis", { date: await chosenDay(signal) }, { signal }),
  show(data, body) {
    byId("kpis-title").textContent = `Key figures of ${data.date}`;
    fill(
      body,
      h(
        "dl",
        { class: "figures" },
        figure("Mean temperature", number(data.avg_temp), "°C"),
        figure("Mean pressure", number(data.avg_pressure), "kPa"),
        figure(
          "Red alerts",
          count(data.alert_count),
          "",
          data.alert_count ? light("error", "see below") : light("ok", "none"),
        ),
        figure("Uptime", number(data.uptime_hours), "h"),
        figure("Readings delivered", count(data.total_records), ""),
        figure("Data quality", number(data.data_quality_score), "%", "kept by cleaning"),
      ),
    );
  },
});

const zoom = (edges) => {
  zoomed = edges;
  byId("all").hidden = !edges;
  trends.refresh();
};
const temperature = new SeriesChart({ name: "Temperature", unit: "°C", decimals: 1, sync: "rig" }, zoom);
const pressure = new SeriesChart({ name: "Pressure", unit: "kPa", decimals: 1, sync: "rig" }, zoom);
const uptime = new SeriesChart({ name: "Uptime", unit: "h", decimals: 1, height: 130, sync: "rig" }, zoom);

const trends = new Panel("trends", {
  topics: ["kpis"],
  nothing: ["No readings in this span", "Choose another day, or a longer span."],
  load: async (signal) => ask("/api/trends", await wantedSpan(signal), { signal }),
  show(data, body) {
    if (!body.contains(temperature.element)) {
      body.replaceChildren(
        ...[temperature, pressure, uptime].flatMap((chart) => [
          h("h3", {}, `${chart.name} (${chart.unit})`),
          chart.element,
        ]),
      );
    }
    const times = seconds(data.timestamps);
    const span = [Date.parse(data.start) / 1000, Date.parse(data.end) / 1000];
    const series = (name, colour) => ({
      label: data.step_seconds ? "mean" : "reading",
      colour,
      times,
      mean: data[name],
      step: data.step_seconds,
      ...(data.step_seconds ? { min: data[`${name}_min`], max: data[`${name}_max`] } : {}),
    });
    const found = unusual(data);
    const signs = (quantity) => found.filter((one) => one.quantity === quantity);
    temperature.show({ span, series: [series("temperatures", "--series-1")], signs: signs("temperature") });
    pressure.show({ span, series: [series("pressures", "--series-2")], signs: signs("pressure") });
    uptime.show({
      span,
      series: [
        { label: "uptime", colour: "--series-3", times, mean: data.uptime_hours, step: data.step_seconds },
      ],
    });
    const each = data.step_seconds
      ? `, one point each ${number(data.step_seconds / 60, 0)} min with its extremes`
      : "";
    byId("points").textContent = `${plural(data.record_count, "reading")}${each}. ✖ red alert, ▲ yellow`;
    showUnusual(found);
    offerCsv(data);
  },
});

/** Return the points with alerts; of several readings the extreme that the alert is of is shown. */
function unusual(data) {
  const found = [];
  const times = seconds(data.timestamps);
  times.forEach((at, place) => {
    const add = (quantity, level, many, value, unit) => {
      if (many) found.push({ at, quantity, level, many, value, unit });
    };
    add("temperature", "error", data.temperature_alerts[place], data.temperatures_max[place], "°C");
    add("pressure", "error", data.pressure_alerts[place], data.pressures_max[place], "kPa");
    if (!data.pressure_alerts[place])
      add("pressure", "warning", data.pressure_warnings[place], data.pressures_max[place], "kPa");
  });
  return found;
}

function showUnusual(found) {
  const body = byId("unusual").querySelector(".body");
  if (!found.length) {
    fill(body, empty("Nothing was out of order", "No reading of this span raised an alert."));
    return;
  }
  const rows = found
    .slice(0, LISTED)
    .map((one) =>
      h(
        "tr",
        { class: one.level },
        h("td", { class: "nowrap" }, instant(one.at * 1000)),
        h("td", {}, light(one.level, one.level === "error" ? "red" : "yellow")),
        h("td", {}, one.quantity),
        h("td", { class: "number" }, `${number(one.value)} ${one.unit}`),
        h("td", { class: "number" }, count(one.many)),
      ),
    );
  const columns = [
    "Time (UTC)",
    "Alert",
    "Quantity",
    { text: "Value", number: true },
    { text: "Readings", number: true },
  ];
  fill(
    body,
    table("Readings out of order", columns, rows),
    found.length > LISTED
      ? h("p", { class: "soft small" }, `The first ${LISTED} of ${count(found.length)}.`)
      : null,
  );
}

function offerCsv(data) {
  const link = byId("csv");
  link.hidden = false;
  const query = new URLSearchParams({ format: "csv", start: data.start, end: data.end });
  link.href = `/api/exports/rig.reading?${query}`;
}

const summary = new Panel("summary", {
  topics: ["kpis"],
  nothing: ["No day yet", "The rig's files are read from its incoming directory as they land."],
  load: (signal) => ask("/api/summary", {}, { signal }),
  show(data, body) {
    fill(
      body,
      h(
        "dl",
        { class: "figures" },
        figure("Days", count(data.days), "", `${data.first_day} to ${data.last_day}`),
        figure("Readings", count(data.total_records), "", `${count(data.kept_records)} kept`),
        figure("Red alerts", count(data.alert_count), ""),
        figure("Mean temperature", number(data.avg_temp), "°C"),
        figure("Mean pressure", number(data.avg_pressure), "kPa"),
        figure("Data quality", number(data.data_quality_score), "%"),
      ),
    );
  },
});

function go(to) {
  day = to;
  zoomed = null;
  byId("all").hidden = true;
  history.replaceState(null, "", `/dashboard/rig?date=${to}`);
  kpis.refresh();
  trends.refresh();
}

byId("choose").addEventListener("submit", (event) => {
  event.preventDefault();
  go(byId("day").value);
});
byId("day").addEventListener("change", () => byId("day").value && go(byId("day").value));
byId("before").addEventListener("click", () => day && go(dayOf(Date.parse(day) - DAY_MS)));
byId("after").addEventListener("click", () => day && go(dayOf(Date.parse(day) + DAY_MS)));
byId("span").addEventListener("change", () => zoom(null));
byId("all").addEventListener("click", () => zoom(null));

start([kpis, trends, summary]);
