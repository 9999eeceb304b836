// The overview: what comes in, where it stands, what was made of it, what is wrong.

import { ask } from "./api.js";
import { fill, empty, h, levelClass, light } from "./dom.js";
import { showIncoming } from "./incoming.js";
import { age, start } from "./page.js";
import { Panel } from "./panel.js";
import { figure, table } from "./parts.js";
import { bytes, count, instant, number, plural, span } from "./words.js";

const STATES = {
  collecting: ["unread", "collecting"],
  pending: ["unread", "pending"],
  in_progress: ["unread", "in progress"],
  completed: ["ok", "completed"],
  failed: ["error", "failed"],
};
const STATE_SIGNS = { collecting: "◔", pending: "○", in_progress: "▶", completed: "✓", failed: "✖" };
const SEVERITIES = ["critical", "error", "warning"];
const stateLight = (state, words) =>
  h(
    "span",
    { class: `light ${STATES[state][0]}` },
    h("span", { class: "symbol", "aria-hidden": "true" }, STATE_SIGNS[state]),
    h("span", {}, words ?? STATES[state][1]),
  );

const now = new Panel("now", {
  topics: ["status", "groups", "alerts"],
  load: async (signal) => {
    const [status, pace] = await Promise.all([
      ask("/api/status", { limit: 0 }, { signal }),
      ask("/api/pace", {}, { signal }),
    ]);
    return { status, pace };
  },
  show({ status, pace }, body) {
    const { queue, verdicts, open_alerts: open, system } = status;
    const margin = pace.real_time;
    const disk = Object.values(system.disks).reduce(
      (least, one) => (!least || one.free_bytes < least.free_bytes ? one : least),
      null,
    );
    const worst = SEVERITIES.find((severity) => open.by_severity[severity]);
    fill(
      body,
      h(
        "dl",
        { class: "figures" },
        figure(
          "Groups",
          count(queue.total),
          "",
          queue.failed
            ? stateLight("failed", `${count(queue.failed)} failed`)
            : stateLight("completed", "none failed"),
          ` · ${count(queue.pending + queue.collecting)} waiting · ${count(queue.in_progress)} in progress`,
        ),
        figure(
          "Real-time margin",
          margin ? span(Math.abs(margin.margin_seconds)) : "–",
          "",
          margin
            ? light(
                margin.margin_seconds < 0
                  ? "error"
                  : margin.margin_seconds < margin.sky_seconds / 4
                    ? "warning"
                    : "ok",
                margin.margin_seconds < 0 ? "behind the sky" : "left of each group",
              )
            : "no report in the last day",
        ),
        figure(
          "Last quick look",
          status.quicklook ? number(status.quicklook.seconds_since_landing.judged, 1) : "–",
          status.quicklook ? "s after landing" : "",
          status.quicklook ? status.quicklook.group_id : "none yet",
        ),
        figure(
          "Verdicts",
          count(verdicts.pass + verdicts.warn + verdicts.fail),
          "",
          verdicts.blocking_failed
            ? light("error", `${plural(verdicts.blocking_failed, "gate")} closed`)
            : verdicts.fail
              ? light("warning", `${count(verdicts.fail)} failed`)
              : light("ok", "all gates open"),
          verdicts.warn ? ` · ${plural(verdicts.warn, "warning")}` : "",
        ),
        figure(
          "Open alerts",
          count(open.total),
          "",
          worst ? light(worst, `${count(open.by_severity[worst])} ${worst}`) : light("ok", "nothing severe"),
        ),
        figure(
          "Detector state",
          status.last_snapshot ? age(status.last_snapshot.cycle) : "–",
          "",
          status.last_snapshot ? `snapshot ${instant(status.last_snapshot.cycle)}` : "none loaded yet",
        ),
        figure(
          "Disk",
          disk ? bytes(disk.free_bytes) : "–",
          "free",
          disk
            ? `${number((100 * disk.free_bytes) / disk.total_bytes, 0)} % of ${bytes(disk.total_bytes)}`
            : null,
        ),
      ),
    );
    showIncoming(pace, status.ledger);
  },
});

const alerts = new Panel("alerts", {
  topics: ["alerts"],
  nothing: ["No alerts", ""],
  load: (signal) => ask("/api/alerts", { state: "open", limit: 50 }, { signal }),
  show(data, body) {
    if (!data.items.length) {
      fill(body, empty("No open alerts", "Troubles are told here, and end here when they are over."));
      return;
    }
    const urgency = (one) => SEVERITIES.indexOf(one.severity) >>> 0; // those that are not severe come last
    const rows = data.items
      .sort((a, b) => urgency(a) - urgency(b))
      .map((one) =>
        h(
          "tr",
          { class: levelClass(one.severity) },
          h("td", {}, light(one.severity, one.severity)),
          h(
            "td",
            { class: "alert" },
            h("strong", {}, one.title),
            h("div", { class: "soft small" }, one.message),
          ),
          h("td", { class: "nowrap wide-only" }, one.category),
          h("td", { class: "nowrap" }, age(one.raised_at)),
          h(
            "td",
            { class: "nowrap wide-only" },
            one.acknowledged_at ? `taken by ${one.acknowledged_by ?? "somebody"}` : "not taken",
          ),
        ),
      );
    const columns = [
      "Severity",
      "What",
      { text: "Category", wide: true },
      "Since",
      { text: "Taken", wide: true },
    ];
    fill(body, table("Open alerts", columns, rows));
  },
});

function subbands(group) {
  const missing = new Set(group.missing_subbands);
  const boxes = Array.from({ length: group.expected_subbands }, (_, place) =>
    h("i", { class: missing.has(place) ? "missing" : "" }),
  );
  return h(
    "span",
    {},
    h("span", { class: "subbands", "aria-hidden": "true" }, boxes),
    ` ${group.subbands_present} of ${group.expected_subbands}`,
  );
}

const groups = new Panel("groups", {
  topics: ["groups"],
  load: (signal) => ask("/api/groups", { limit: 14 }, { signal }),
  show(data, body) {
    if (!data.items.length) {
      fill(body, empty("No group yet", "Groups appear with their first subband."));
      return;
    }
    const rows = data.items.map((one) =>
      h(
        "tr",
        { class: one.state === "failed" ? "error" : "" },
        h(
          "td",
          {},
          h(
            "a",
            { href: `/radio/${one.group_id.slice(0, 10)}#${one.group_id}` },
            one.group_id.replace("T", " "),
          ),
        ),
        h("td", {}, stateLight(one.state)),
        h("td", {}, subbands(one)),
        h("td", { class: "wide-only" }, one.matches.length ? one.matches[0].calibrator : "–"),
        h("td", {}, age(one.last_update)),
      ),
    );
    const columns = ["Group (UTC)", "State", "Subbands", { text: "Calibrator", wide: true }, "Changed"];
    fill(body, table("Recent groups", columns, rows));
  },
});

const images = new Panel("images", {
  topics: ["groups", "status"],
  load: (signal) => ask("/api/images", { limit: 6 }, { signal }),
  show(data, body) {
    if (!data.items.length) {
      fill(
        body,
        empty("No image yet", "The images of the newest groups are shown here with their verdicts."),
      );
      return;
    }
    fill(
      body,
      h(
        "div",
        { class: "images small-ones" },
        data.items.map((one) =>
          h(
            "article",
            {},
            h(
              "a",
              { href: `/radio/${one.group_id.slice(0, 10)}#${one.group_id}` },
              h("img", {
                src: one.thumbnail,
                alt: `${one.kind === "quicklook_image" ? "Quick look" : "Image"} of ${one.group_id}`,
                loading: "lazy",
                width: 370,
                height: 320,
              }),
            ),
            h(
              "div",
              { class: "image-facts" },
              h("span", {}, one.group_id.slice(11)),
              h("span", { class: "grade", title: "Grade" }, one.grade ?? ""),
            ),
            h(
              "div",
              { class: "image-facts small" },
              one.level ? light(one.level) : light("unread", "not judged"),
              h("span", { class: "soft" }, one.noise_jy ? `${number(one.noise_jy * 1e3, 2)} mJy noise` : ""),
            ),
          ),
        ),
      ),
    );
  },
});

const detector = new Panel("detector", {
  topics: ["readings"],
  nothing: ["No detector state yet", "The first snapshot is shown as soon as it is loaded."],
  load: (signal) => ask("/api/hcal/lights", {}, { signal }),
  show(data, body) {
    const facts = ["IHCal", "OHCal"].flatMap((name) => {
      const wrong = data.lights.filter((one) => one.detector === name && one.level !== "ok");
      return [
        h("dt", {}, name),
        h(
          "dd",
          {},
          wrong.length
            ? wrong.map((one) =>
                light(one.level, `${one.aspect} ${one.level === "unread" ? "not read" : one.level}`),
              )
            : light("ok", "all in order"),
        ),
      ];
    });
    fill(
      body,
      h(
        "p",
        { class: "soft small" },
        `Snapshot ${instant(data.cycle)} UTC, `,
        age(data.cycle, data.stale_after_seconds),
      ),
      h("dl", { class: "detectors" }, facts),
    );
  },
});

const rig = new Panel("rig", {
  topics: ["kpis"],
  nothing: ["No day of the rig yet", "Its files are read from the incoming directory as they land."],
  load: (signal) => ask("/api/kpis", {}, { signal }),
  show(data, body) {
    fill(
      body,
      h("p", { class: "soft small" }, `Newest day: ${data.date}`),
      h(
        "dl",
        { class: "figures" },
        figure("Mean temperature", number(data.avg_temp), "°C"),
        figure("Mean pressure", number(data.avg_pressure), "kPa"),
        figure("Red alerts", count(data.alert_count), ""),
        figure("Data quality", number(data.data_quality_score), "%"),
      ),
    );
  },
});

start([now, alerts, groups, images, detector, rig]);
