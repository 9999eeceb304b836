// Eta-phi maps of both detectors, and their half-sectors over a day.

import { h } from "./dom.js";
import { HeatMap } from "./heat_map.js";
import { DETECTORS, QUANTITIES } from "./hcal_kinds.js";
import { instant, number, plural } from "./words.js";

const PHI_BINS = 64;
const SECTORS = 32;
const HOURS = 24;

/** Put elements into a body that may hold words about why they are not there. */
export function put(body, elements) {
  if (!body.contains(elements[0])) body.replaceChildren(...elements);
}

const titled = (detector, note, map) =>
  h(
    "div",
    { class: "w6" },
    h("h3", {}, `${detector} `, h("span", { class: "soft small" }, note)),
    map.element,
  );

export class DetectorMaps {
  /** @param choose called with the number of the half-sector of a tower that was chosen */
  constructor(choose) {
    this.maps = {};
    for (const detector of DETECTORS) {
      const map = new HeatMap(
        {
          name: detector,
          columns: PHI_BINS,
          rows: 24,
          lineAfterRows: [12],
          apart: 0.5,
          rowTicks: [0, 6, 12, 18, 23].map((eta) => [eta + 0.5, String(eta)]),
          columnTicks: [0, 8, 16, 24, 32, 40, 48, 56].map((phi) => [phi + 0.5, String(phi)]),
          above: [0, 4, 8, 12, 16, 20, 24, 28].map((sector) => [2 * sector + 1, `s${sector}`]),
        },
        (cell, value) => this.describe(detector, cell, value),
        (cell) => choose(this.view.cell_half_sectors[detector][cell]),
      );
      map.canvas.classList.add("map");
      this.maps[detector] = map;
    }
    const note = "ieta (south 0, north 23) over iphi; sectors above";
    this.elements = DETECTORS.map((detector) => titled(detector, note, this.maps[detector]));
  }

  /** Show a quantity of an answer of /api/hcal/shift. */
  show(view, quantity, body) {
    put(body, this.elements);
    this.view = view;
    this.shown = Object.fromEntries(
      view.maps.filter((one) => one.quantity === quantity).map((one) => [one.detector, one]),
    );
    for (const [detector, values] of Object.entries(this.shown)) {
      const missing = values.values.filter((value) => value == null).length;
      const found = [
        values.errors.length ? plural(values.errors.length, "error") : "",
        values.warnings.length ? plural(values.warnings.length, "warning") : "",
        missing ? `${plural(missing, "tower")} not read` : "",
      ];
      this.maps[detector].name = `${detector}: ${QUANTITIES[quantity].name}`;
      this.maps[detector].show({
        ...values,
        colours: QUANTITIES[quantity].colours,
        summary: found.filter(Boolean).join(", "),
      });
    }
  }

  describe(detector, cell, value) {
    const { quantity, unit, errors, warnings } = this.shown[detector];
    const half = this.view.half_sectors[this.view.cell_half_sectors[detector][cell]];
    const sign = errors.includes(cell) ? ", error" : warnings.includes(cell) ? ", warning" : "";
    const read = value == null ? "not read" : `${number(value, QUANTITIES[quantity].decimals)} ${unit}`;
    const place = `ieta ${Math.floor(cell / PHI_BINS)}, iphi ${cell % PHI_BINS}`;
    return `${half.label} · tower ${this.view.cell_towers[detector][cell]} · ${place} · ${read}${sign}`;
  }
}

export class DetectorStrips {
  /** @param choose called with the number of the half-sector that was chosen */
  constructor(choose) {
    this.maps = {};
    for (const detector of DETECTORS) {
      const map = new HeatMap(
        {
          name: `${detector} over a day`,
          columns: 2 * HOURS,
          rows: SECTORS,
          lineAfterColumns: [HOURS],
          rowTicks: [0, 8, 16, 24, 31].map((sector) => [sector + 0.5, String(sector)]),
          columnTicks: [],
          above: [
            [HOURS / 2, "north"],
            [(3 * HOURS) / 2, "south"],
          ],
        },
        (cell, value) => this.describe(detector, cell, value),
        (cell) => choose(halfSectorOf(detector, cell)),
      );
      map.canvas.classList.add("strip");
      this.maps[detector] = map;
    }
    const note = "sector over hour (UTC): north left, south right";
    this.elements = DETECTORS.map((detector) => titled(detector, note, this.maps[detector]));
  }

  /** Show an answer of /api/hcal/strips. */
  show(data, body) {
    put(body, this.elements);
    this.data = data;
    const ticks = data.hours
      .map((hour, place) => [place, new Date(hour).getUTCHours()])
      .filter(([, hour]) => hour % 6 === 0);
    for (const [detector, map] of Object.entries(this.maps)) {
      map.columnTicks = [0, HOURS].flatMap((first) =>
        ticks.map(([place, hour]) => [first + place + 0.5, `${hour} h`]),
      );
      const first = firstOf(detector);
      map.show({
        values: data.values.slice(first, first + 2 * SECTORS).flat(),
        ...data.scales[detector],
        unit: data.unit,
        colours: QUANTITIES[data.quantity].colours,
      });
    }
  }

  describe(detector, cell, value) {
    const hour = instant(this.data.hours[(cell % (2 * HOURS)) % HOURS]).slice(0, 16);
    const read = value == null ? "not read" : `${number(value, 2)} ${this.data.unit}`;
    return `${this.data.labels[halfSectorOf(detector, cell)]} · ${hour} UTC · ${read}`;
  }
}

const firstOf = (detector) => (detector === "OHCal" ? 0 : 2 * SECTORS);

/** A row is a sector: 24 hours of its north half, then 24 of its south half. */
const halfSectorOf = (detector, cell) => firstOf(detector) + Math.floor(cell / HOURS);
