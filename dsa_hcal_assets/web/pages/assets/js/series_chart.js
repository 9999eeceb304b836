// Quantities over time (uPlot): means as lines, extremes as bands, signs where something was out of order.
// Dragging or + and - zoom, arrow keys move: the owner then asks for points of that span.

import { colour } from "./colours.js";
import { empty, h } from "./dom.js";
import { cross, triangle } from "./signs.js";
import { instant, number } from "./words.js";

const DAY = 86400;
const MONTH = 28 * DAY;
const SIGN_PX = 8;
const GAP_STEPS = 2.5;

export class SeriesChart {
  /**
   * @param options name, unit, decimals, height (px), sync (key of charts that share a cursor)
   * @param zoom called with (start, end) in seconds since 1970, or null for the whole span
   */
  constructor({ name, unit, decimals = 2, height = 220, sync = null }, zoom = () => {}) {
    Object.assign(this, { name, unit, decimals, height, sync, zoom });
    this.place = h("div", { class: "plot" });
    this.element = h(
      "div",
      {
        class: "series-chart",
        tabindex: 0,
        role: "application",
        "aria-roledescription": "chart",
        "aria-label": name,
        onkeydown: (event) => this.key(event),
      },
      this.place,
    );
    // what arrives while somebody drags is drawn when the drag has ended
    this.element.addEventListener("pointerdown", () => {
      this.dragging = true;
    });
    addEventListener("pointerup", () => {
      this.dragging = false;
      if (this.postponed) setTimeout(() => this.draw());
    });
    new ResizeObserver(() => this.resize()).observe(this.element);
    document.addEventListener("theme", () => this.draw());
  }

  /**
   * Show series.
   *
   * @param series [{label, colour (a name of the design), times (seconds since 1970, ascending), mean,
   *   min, max (optional), step (seconds a point stands for), dash}]; where points are much further apart
   *   than usual there is a gap
   * @param signs [{at (seconds), value, level}], level: warning or error
   * @param span [start, end] of the axis, seconds
   * @param limits [{value, text}] drawn as dashed lines where they are in sight
   */
  show({ series, signs = [], span = null, limits = [] }) {
    this.data = { series, signs, span, limits };
    this.element.setAttribute("aria-label", this.summary());
    this.draw();
  }

  summary() {
    const { series, signs } = this.data;
    const parts = series.map((one) => {
      if (!one.times.length) return `${one.label}: nothing in this span`;
      const low = (one.min ?? one.mean).reduce((a, b) => Math.min(a, b));
      const high = (one.max ?? one.mean).reduce((a, b) => Math.max(a, b));
      return `${one.label} from ${number(low, this.decimals)} to ${number(high, this.decimals)} ${this.unit}`;
    });
    const disorder = signs.length ? ` ${signs.length} out of order.` : "";
    return `${this.name}. ${parts.join("; ")}.${disorder} Plus and minus zoom, arrows move, 0 shows all.`;
  }

  draw() {
    if (!this.data) return;
    this.postponed = this.dragging;
    if (this.postponed) return;
    this.plot?.destroy();
    this.plot = null;
    if (!this.data.series.some((one) => one.times.length)) {
      this.place.replaceChildren(empty("Nothing in this span"));
      return;
    }
    this.place.replaceChildren();
    const tables = this.data.series.map(columns);
    this.plot = new globalThis.uPlot(this.options(), globalThis.uPlot.join(tables), this.place);
    this.plot.over.addEventListener("dblclick", () => this.zoom(null));
  }

  options() {
    const said = (value) => number(value, this.decimals);
    const shown = (_, value) => (value == null ? "–" : `${said(value)} ${this.unit}`);
    // extremes follow the mean in the columns, and in words
    const shownWithExtremes = (plot, value, line, place) =>
      value == null
        ? "–"
        : `${said(value)} (${said(plot.data[line + 2][place])} to ${said(plot.data[line + 1][place])}) ${this.unit}`;
    const lines = [
      { label: "UTC", value: (_, seconds) => (seconds == null ? "–" : instant(seconds * 1000)) },
    ];
    const bands = [];
    for (const one of this.data.series) {
      const stroke = colour(one.colour);
      const sparse = one.times.length < 60;
      lines.push({
        label: one.label,
        stroke,
        width: 1.5,
        value: one.min ? shownWithExtremes : shown,
        dash: one.dash,
        spanGaps: false,
        points: { show: sparse, size: 4, fill: stroke },
      });
      if (one.min) {
        const edge = { class: "edge", stroke: "transparent", points: { show: false } };
        lines.push({ label: "most", ...edge }, { label: "least", ...edge });
        bands.push({ series: [lines.length - 2, lines.length - 1], fill: faint(stroke) });
      }
    }
    const axis = {
      stroke: colour("--soft"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: `11px ${getComputedStyle(document.body).fontFamily}`,
    };
    return {
      width: this.width(),
      height: this.height,
      tzDate: (seconds) => globalThis.uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      series: lines,
      bands,
      scales: {
        x: { range: this.data.span ? () => this.data.span : undefined },
        y: { range: (_, low, high) => this.range(low, high) },
      },
      axes: [
        {
          ...axis,
          values: (_, splits, __, ___, step) =>
            splits.map((at, place) => tickText(at, step, place === 0, place === splits.length - 1)),
        },
        {
          ...axis,
          size: 58,
          values: (_, splits, __, ___, step) => splits.map((value) => tickNumber(value, step)),
        },
      ],
      cursor: {
        drag: { x: true, y: false, setScale: false },
        sync: this.sync ? { key: this.sync } : undefined,
        points: { size: 6 },
      },
      legend: { show: true, live: true, markers: { width: 2 } },
      hooks: {
        setSelect: [
          (plot) => {
            if (plot.select.width < 4) return;
            const edges = [plot.select.left, plot.select.left + plot.select.width].map((left) =>
              plot.posToVal(left, "x"),
            );
            plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            this.zoom(edges);
          },
        ],
        draw: [(plot) => this.paintLimits(plot), (plot) => this.paintSigns(plot)],
      },
    };
  }

  /** A flat line lies in the middle of its scale, not on its edge. */
  range(low, high) {
    if (low == null) return [0, 1];
    const least = 10 ** -this.decimals * 4;
    const margin = Math.max((high - low) * 0.06, high - low < least ? least : 0);
    return [low - margin, high + margin];
  }

  paintLimits(plot) {
    const pen = plot.ctx;
    pen.save();
    pen.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    pen.strokeStyle = colour("--warning");
    pen.fillStyle = colour("--warning");
    pen.font = `${11 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
    for (const { value, text } of this.data.limits) {
      const y = plot.valToPos(value, "y", true);
      if (y < plot.bbox.top || y > plot.bbox.top + plot.bbox.height) continue;
      pen.beginPath();
      pen.moveTo(plot.bbox.left, y);
      pen.lineTo(plot.bbox.left + plot.bbox.width, y);
      pen.stroke();
      pen.fillText(text, plot.bbox.left + 6 * devicePixelRatio, y - 4 * devicePixelRatio);
    }
    pen.restore();
  }

  paintSigns(plot) {
    const pen = plot.ctx;
    pen.save();
    for (const { at, value, level } of this.data.signs) {
      const x = plot.valToPos(at, "x", true);
      const y = plot.valToPos(value, "y", true);
      if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) continue;
      (level === "error" ? cross : triangle)(pen, x, y, SIGN_PX * devicePixelRatio);
    }
    pen.restore();
  }

  key(event) {
    if (!this.data || event.ctrlKey || event.metaKey) return;
    const [min, max] = this.data.span ?? [this.plot.scales.x.min, this.plot.scales.x.max];
    const width = max - min;
    const moves = {
      "+": [min + width / 4, max - width / 4],
      "-": [min - width / 2, max + width / 2],
      ArrowLeft: [min - width / 4, max - width / 4],
      ArrowRight: [min + width / 4, max + width / 4],
      0: null,
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    this.zoom(moves[event.key]);
  }

  width() {
    return Math.max(260, this.element.clientWidth);
  }

  resize() {
    if (this.plot && this.plot.width !== this.width())
      this.plot.setSize({ width: this.width(), height: this.height });
  }
}

/** Return seconds since 1970 of ISO times. */
export const seconds = (times) => times.map((iso) => Date.parse(iso) / 1000);

/** Return [times, mean, max, min] of a series, with a point of nothing in each gap. */
function columns({ times, mean, min, max, step }) {
  const given = min ? [mean, max, min] : [mean];
  const found = [[], ...given.map(() => [])];
  const longest = GAP_STEPS * Math.max(step ?? 0, usualStep(times));
  times.forEach((at, place) => {
    if (place && at - times[place - 1] > longest) {
      found[0].push((at + times[place - 1]) / 2);
      found.slice(1).forEach((column) => column.push(null));
    }
    found[0].push(at);
    given.forEach((values, column) => found[column + 1].push(values[place]));
  });
  return found;
}

/** Return the median of the steps between times, seconds. */
function usualStep(times) {
  const steps = times
    .slice(1)
    .map((at, place) => at - times[place])
    .sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? Infinity;
}

function faint(rgb) {
  return rgb.replace(/^rgb\(([^)]*)\)$/, "rgba($1, 0.18)");
}

function tickText(at, step, first, last) {
  const text = new Date(at * 1000).toISOString();
  if (step >= MONTH) return text.slice(0, 7);
  if (step >= DAY) return text.slice(5, 10);
  const clock = step >= 60 ? text.slice(11, 16) : text.slice(11, 19);
  return first || (at % DAY === 0 && !last) ? `${clock}\n${text.slice(0, 10)}` : clock;
}

function tickNumber(value, step) {
  let decimals = 0;
  while (decimals < 6 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6)
    decimals += 1;
  return number(value, decimals);
}
