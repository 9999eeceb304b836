// The 128 half-sectors as tiles, I-00N to O-31S, walked with the arrow keys.

import { h, levelClass, levelSymbol } from "./dom.js";

const PER_DETECTOR = 64;
const SECTORS_A_ROW = 16; // of two rows each: north above south, as on the shift displays

/** Return the half-sectors of a detector in the order of the tiles: a row of norths over its souths. */
function inOrder(halfSectors) {
  const rows = [];
  for (let first = 0; first < halfSectors.length / 2; first += SECTORS_A_ROW) {
    for (const half of [0, 1]) {
      for (let sector = first; sector < first + SECTORS_A_ROW; sector += 1)
        rows.push(halfSectors[2 * sector + half]);
    }
  }
  return rows;
}

export class Tiles {
  /** @param choose called with the number of the half-sector that was pressed */
  constructor(choose) {
    this.choose = choose;
    this.tiles = new Map();
    this.chosen = null;
    this.element = h("div", { onkeydown: (event) => this.key(event), onclick: (event) => this.press(event) });
  }

  /**
   * Show all half-sectors.
   *
   * @param halfSectors of /api/hcal/shift
   * @param look returns {value, level, words} of one
   */
  show(halfSectors, look) {
    if (!this.tiles.size) this.build(halfSectors);
    for (const one of halfSectors) {
      const { value, level, words } = look(one);
      const tile = this.tiles.get(one.half_sector);
      const [, symbol, text] = tile.children;
      tile.className = `tile ${levelClass(level)}`;
      tile.setAttribute("aria-label", `${one.label}: ${words}`);
      tile.title = words;
      symbol.textContent = level === "ok" ? "" : levelSymbol(level);
      text.textContent = value;
    }
  }

  build(halfSectors) {
    // the inner detector first, as people count them
    for (const [detector, title] of [
      ["IHCal", "Inner"],
      ["OHCal", "Outer"],
    ]) {
      const own = halfSectors.filter((one) => one.detector === detector);
      const tiles = inOrder(own).map((one) => {
        const tile = h(
          "button",
          { type: "button", tabindex: -1, "data-number": one.half_sector, "aria-pressed": "false" },
          h("span", { class: "name" }, one.label),
          h("span", { class: "symbol", "aria-hidden": "true" }),
          h("span", { class: "value" }),
        );
        this.tiles.set(one.half_sector, tile);
        return tile;
      });
      this.element.append(
        h("h3", { class: "tiles-title" }, `${title} (${detector})`),
        h("div", { class: "tiles", role: "group", "aria-label": `${title} half-sectors` }, tiles),
      );
    }
    this.element.querySelector("button").tabIndex = 0;
  }

  press(event) {
    const tile = event.target.closest("button");
    if (!tile) return;
    this.focus(tile);
    this.mark(Number(tile.dataset.number));
    this.choose(this.chosen);
  }

  mark(number) {
    this.tiles.get(this.chosen)?.setAttribute("aria-pressed", "false");
    this.chosen = number;
    this.tiles.get(number)?.setAttribute("aria-pressed", "true");
  }

  key(event) {
    const all = [...this.element.querySelectorAll("button")];
    const at = all.indexOf(event.target);
    if (at < 0) return;
    const columns = getComputedStyle(event.target.parentElement).gridTemplateColumns.split(" ").length;
    const steps = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      Home: -(at % PER_DETECTOR),
      End: PER_DETECTOR - 1 - (at % PER_DETECTOR),
    };
    const next = all[at + (steps[event.key] ?? NaN)];
    if (!next) return;
    event.preventDefault();
    this.focus(next);
    next.focus();
  }

  /** One tile is in the order of the tabulator key: the one people are at. */
  focus(tile) {
    this.element.querySelectorAll('button[tabindex="0"]').forEach((one) => {
      one.tabIndex = -1;
    });
    tile.tabIndex = 0;
  }
}
