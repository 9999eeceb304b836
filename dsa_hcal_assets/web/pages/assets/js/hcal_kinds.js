// What is shown of the calorimeter, and in which words.

import { number } from "./words.js";

export const DETECTORS = ["IHCal", "OHCal"];
export const LIGHT_WORDS = { ok: "OK", unread: "not read", warning: "warning", error: "error" };
export const QUANTITIES = {
  temperature: { name: "SiPM temperature", colours: "viridis", decimals: 2 },
  leakage: { name: "Leakage current", colours: "magma", decimals: 2 },
  bias_offset: { name: "Bias offset", colours: "cividis", decimals: 0 },
};
const SHORT = {
  temperature: "temp.",
  leakage: "leak",
  "bias offset": "offset",
  "low voltage": "LV",
  boards: "silent",
};
export const TILES = {
  state: {
    note: "the worst there is, LED only where it was read",
    levels: null,
    value: (one) => (one.level === "ok" ? "OK" : (SHORT[worstAspect(one)] ?? worstAspect(one))),
    words: (one) => (one.level === "ok" ? "all in order" : worstAspect(one)),
  },
  gain: {
    note: "pre-amplifier gain",
    levels: ["gain", "boards"],
    value: (one) => one.gain ?? "–",
    words: (one) => (one.gain ? `gain ${one.gain}` : "gain not read"),
  },
  led: {
    note: "state and mean intensity set, DAC units",
    levels: ["LED"],
    value: (one) =>
      one.led === "Incorrect config"
        ? "Config"
        : one.led === "On"
          ? `On ${number(one.led_intensity, 0)}`
          : (one.led ?? "–"),
    words: (one) =>
      one.led
        ? `LED ${one.led}${one.led_intensity ? `, intensity ${number(one.led_intensity, 0)}` : ""}`
        : "LED not read",
  },
  pin: {
    note: "mean of the five PIN diodes, ADC counts",
    levels: ["LED"],
    value: (one) => number(one.pin_diode, 1),
    words: (one) =>
      one.pin_diode == null ? "PIN diodes not read" : `PIN diodes ${number(one.pin_diode, 1)} ADC counts`,
  },
  temperature: {
    note: "mean of 24 towers, °C",
    levels: ["temperature"],
    value: (one) => number(one.temperature, 2),
    words: (one) => (one.temperature == null ? "temperature not read" : `${number(one.temperature, 2)} °C`),
  },
  bias: {
    note: "as the controller reports it, V",
    levels: ["bias"],
    value: (one) => number(one.bias, 2),
    words: (one) => (one.bias == null ? "bias not read" : `bias ${number(one.bias, 2)} V`),
  },
};
export const RANKS = ["ok", "unread", "warning", "error"];

/** Return what a half-sector's state is about; a silent board explains all that was not read. */
function worstAspect(one) {
  const found = Object.keys(one.levels).filter((aspect) => one.levels[aspect] === one.level);
  return found.includes("boards") ? "boards" : found[0];
}

export const worst = (levels) => levels.reduce((a, b) => (RANKS.indexOf(b) > RANKS.indexOf(a) ? b : a), "ok");
