// A grid of values painted as colours, walked by mouse and keyboard. What is missing is hatched, never a
// colour; marked cells carry a sign: a cross (error) or a triangle (warning).

import { colour, scale, shade } from "./colours.js";
import { h } from "./dom.js";
import { cross, triangle } from "./signs.js";
import { number } from "./words.js";

const MARGIN = { top: 18, right: 8, bottom: 22, left: 34 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class HeatMap {
  /**
   * @param options name (for people), columns, rows, columnTicks and rowTicks ([[place, text], ...], place in
   *   cells), above (texts over the top, likewise), apart: px between cells, lineAfterRows, lineAfterColumns:
   *   where dividing lines go
   * @param describe returns words for a cell
   * @param choose called with a cell on click or Enter
   */
  constructor(options, describe, choose = null) {
    Object.assign(this, { lineAfterRows: [], lineAfterColumns: [], above: [], apart: 0 }, options, {
      describe,
      choose,
    });
    this.cursor = null;
    this.canvas = h("canvas", {
      class: "heat",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "map",
      "aria-label": options.name,
      onkeydown: (event) => this.key(event),
      onpointermove: (event) => this.point(this.cellAt(event)),
      onpointerleave: () => this.point(null),
      onclick: (event) => {
        this.point(this.cellAt(event));
        if (this.cursor != null) this.choose?.(this.cursor);
      },
      onfocus: () => this.point(this.cursor ?? 0),
      onblur: () => this.point(null),
    });
    this.bar = h("canvas", { class: "bar", "aria-hidden": "true" });
    this.low = h("span");
    this.high = h("span");
    this.unit = h("span", { class: "soft" });
    this.readout = h("p", { class: "readout", "aria-live": "polite" });
    this.summary = h("span", { class: "soft" });
    this.element = h(
      "div",
      { class: "heat-map" },
      this.canvas,
      h("div", { class: "legend small" }, this.low, this.bar, this.high, this.unit, this.summary),
      this.readout,
    );
    new ResizeObserver(() => this.paint()).observe(this.canvas);
    document.addEventListener("theme", () => this.paint());
  }

  /** Show values (row by row from the bottom; null: missing) with the ends of the scale and the marks. */
  show({ values, low, high, unit, colours, errors = [], warnings = [], summary = "" }) {
    Object.assign(this, {
      values,
      from: low,
      to: high,
      colours: scale(colours),
      errors: new Set(errors),
      warnings: new Set(warnings),
    });
    this.low.textContent = number(low, 2);
    this.high.textContent = number(high, 2);
    this.unit.textContent = unit;
    this.summary.textContent = summary;
    this.canvas.setAttribute("aria-label", `${this.name}. ${summary} Arrow keys walk over it.`);
    this.paint();
    this.say();
  }

  point(cell) {
    if (cell === this.cursor) return;
    this.cursor = cell;
    this.paint();
    this.say();
  }

  say() {
    const text =
      this.cursor == null || !this.values ? "" : this.describe(this.cursor, this.values[this.cursor]);
    if (this.readout.textContent !== text) this.readout.textContent = text;
  }

  key(event) {
    const step = ARROWS[event.key];
    if (step) {
      const cell = this.cursor ?? 0;
      const column = (cell % this.columns) + step[0];
      const row = Math.floor(cell / this.columns) + step[1];
      if (column >= 0 && column < this.columns && row >= 0 && row < this.rows)
        this.point(row * this.columns + column);
    } else if (event.key === "Enter" || event.key === " ") {
      this.choose?.(this.cursor);
    } else return;
    event.preventDefault();
  }

  cellAt(event) {
    const column = Math.floor((event.offsetX - MARGIN.left) / this.cellWidth);
    const row = this.rows - 1 - Math.floor((event.offsetY - MARGIN.top) / this.cellHeight);
    const inside = column >= 0 && column < this.columns && row >= 0 && row < this.rows;
    return inside ? row * this.columns + column : null;
  }

  paint() {
    const width = this.canvas.clientWidth;
    const height = this.canvas.clientHeight;
    if (!width || !this.values) return;
    const pen = sized(this.canvas, width, height);
    this.cellWidth = (width - MARGIN.left - MARGIN.right) / this.columns;
    this.cellHeight = (height - MARGIN.top - MARGIN.bottom) / this.rows;
    this.paintCells(pen);
    this.paintMarks(pen);
    this.paintScales(pen, width, height);
    this.paintBar();
  }

  corner(cell) {
    return [
      MARGIN.left + (cell % this.columns) * this.cellWidth,
      MARGIN.top + (this.rows - 1 - Math.floor(cell / this.columns)) * this.cellHeight,
    ];
  }

  paintCells(pen) {
    const missing = hatched(pen);
    // half a pixel more where cells touch, so that no line shows between them
    const less = this.apart || -0.5;
    this.values.forEach((value, cell) => {
      const [x, y] = this.corner(cell);
      pen.fillStyle = value == null ? missing : shade(this.colours, value, this.from, this.to);
      pen.fillRect(x, y, this.cellWidth - less, this.cellHeight - less);
    });
  }

  paintMarks(pen) {
    const size = Math.min(this.cellWidth, this.cellHeight);
    for (const [cells, paintMark] of [
      [this.warnings, triangle],
      [this.errors, cross],
    ]) {
      for (const cell of cells) {
        const [x, y] = this.corner(cell);
        paintMark(pen, x + this.cellWidth / 2, y + this.cellHeight / 2, Math.max(size * 0.55, 5));
      }
    }
    if (this.cursor != null) {
      const [x, y] = this.corner(this.cursor);
      for (const [line, style] of [
        [4, colour("--card")],
        [2, colour("--ink")],
      ]) {
        pen.lineWidth = line;
        pen.strokeStyle = style;
        pen.strokeRect(x, y, this.cellWidth, this.cellHeight);
      }
    }
  }

  paintScales(pen, width, height) {
    pen.fillStyle = colour("--soft");
    pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (const [row, text] of this.rowTicks)
      pen.fillText(text, MARGIN.left - 5, MARGIN.top + (this.rows - row) * this.cellHeight);
    pen.textAlign = "center";
    for (const [column, text] of this.columnTicks)
      pen.fillText(text, MARGIN.left + column * this.cellWidth, height - MARGIN.bottom + 11);
    for (const [column, text] of this.above) pen.fillText(text, MARGIN.left + column * this.cellWidth, 9);
    pen.fillStyle = colour("--card");
    for (const row of this.lineAfterRows)
      pen.fillRect(
        MARGIN.left,
        MARGIN.top + (this.rows - row) * this.cellHeight - 1.5,
        width - MARGIN.left - MARGIN.right,
        3,
      );
    for (const column of this.lineAfterColumns)
      pen.fillRect(
        MARGIN.left + column * this.cellWidth - 1.5,
        MARGIN.top,
        3,
        height - MARGIN.top - MARGIN.bottom,
      );
  }

  paintBar() {
    const pen = sized(this.bar, 96, 10);
    this.colours.forEach((style, step) => {
      pen.fillStyle = style;
      pen.fillRect((step / this.colours.length) * 96, 0, 1, 10);
    });
  }
}

function sized(canvas, width, height) {
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  return pen;
}

function hatched(pen) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const small = tile.getContext("2d");
  small.fillStyle = colour("--raised");
  small.fillRect(0, 0, 6, 6);
  small.strokeStyle = colour("--line-strong");
  small.lineWidth = 1;
  small.beginPath();
  for (const shift of [-6, 0, 6]) {
    small.moveTo(shift, 6);
    small.lineTo(shift + 6, 0);
  }
  small.stroke();
  return pen.createPattern(tile, "repeat");
}
