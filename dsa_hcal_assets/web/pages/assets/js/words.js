// Numbers and times as people read them. Times are UTC everywhere.

const MISSING = "–";

export function number(value, decimals = 1) {
  return value == null || !Number.isFinite(value)
    ? MISSING
    : value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

export const count = (value) => number(value, 0);

/** 20:37:07, or with the date in front where it is not today. */
export function time(iso) {
  if (!iso) return MISSING;
  const text = new Date(iso).toISOString();
  const today = text.slice(0, 10) === new Date().toISOString().slice(0, 10);
  return today ? text.slice(11, 19) : `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}

export const instant = (iso) => (iso ? new Date(iso).toISOString().slice(0, 19).replace("T", " ") : MISSING);

/** "12 s", "4 min", "3 h 20 min", "5 days" */
export function span(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return MISSING;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 && hours < 10 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${count(Math.floor(hours / 24))} days`;
}

export const ageSeconds = (iso) => (Date.now() - new Date(iso).getTime()) / 1000;

export const ago = (iso) => (iso ? `${span(ageSeconds(iso))} ago` : "never");

export function bytes(value) {
  if (value == null) return MISSING;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = value > 0 ? Math.min(Math.floor(Math.log10(value) / 3), units.length - 1) : 0;
  return `${number(value / 1000 ** power, power ? 1 : 0)} ${units[power]}`;
}

export const plural = (many, one, several = `${one}s`) => `${count(many)} ${many === 1 ? one : several}`;
