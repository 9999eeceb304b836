// Colours for what is painted rather than styled.

/** Return a colour of the design as the theme in force has it, such as colour("--ink"). */
export function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

// Matplotlib's perceptually uniform scales (BSD), every 1/8: lightness grows with the value, so they can be
// read in grey and by eyes that see few colours.
const STOPS = {
  viridis: [
    "#440154",
    "#472d7b",
    "#3b528b",
    "#2c728e",
    "#21918c",
    "#28ae80",
    "#5ec962",
    "#addc30",
    "#fde725",
  ],
  magma: ["#000004", "#1c1044", "#4f127b", "#812581", "#b5367a", "#e55064", "#fb8761", "#fec287", "#fcfdbf"],
  cividis: [
    "#00224e",
    "#123570",
    "#3b496c",
    "#575d6d",
    "#707173",
    "#8a8678",
    "#a59c74",
    "#c3b369",
    "#fee838",
  ],
};
const STEPS = 256;
const tables = new Map();

/** Return 256 colours of a scale, lowest first. */
export function scale(name) {
  if (!tables.has(name)) {
    const stops = STOPS[name].map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
    tables.set(
      name,
      Array.from({ length: STEPS }, (_, step) => {
        const place = (step / (STEPS - 1)) * (stops.length - 1);
        const low = Math.min(Math.floor(place), stops.length - 2);
        const channels = stops[low].map((value, channel) =>
          Math.round(value + (stops[low + 1][channel] - value) * (place - low)),
        );
        return `rgb(${channels})`;
      }),
    );
  }
  return tables.get(name);
}

/** Return the colour of a value on a scale from low to high; what lies beyond has the colour of the end. */
export function shade(colours, value, low, high) {
  const share = high > low ? (value - low) / (high - low) : 0.5;
  return colours[Math.max(0, Math.min(STEPS - 1, Math.round(share * (STEPS - 1))))];
}
