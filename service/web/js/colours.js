/** The page's colours as numbers, for canvases. They come from the style sheet, so the theme decides. */

const probe = document.createElement("span");
probe.hidden = true;
probe.style.forcedColorAdjust = "none";
document.body.append(probe);

function read(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
}

/** `[r, g, b]` by name, as the theme has them now. */
export function palette() {
  const names = ["raised", "ink", "muted", "toward", "toward-fill", "against", "against-fill", "gate"];
  return Object.fromEntries(names.map((name) => [name, read(name)]));
}

const STEPS = 128;

/** A ramp from -1 to 1: orange, paper, blue. Returns a function from a value to `[r, g, b]`. */
export function diverging(colours) {
  const down = ramp([colours.raised, colours["against-fill"], colours.against]);
  const up = ramp([colours.raised, colours["toward-fill"], colours.toward]);
  return (value) => (value < 0 ? down(-value) : up(value));
}

/** A ramp from 0 to 1 in one hue. */
export function sequential(colours) {
  return ramp([colours.raised, colours.gate]);
}

function ramp(stops) {
  const table = Array.from({ length: STEPS + 1 }, (_, i) => {
    const place = (i / STEPS) * (stops.length - 1);
    const left = Math.min(Math.floor(place), stops.length - 2);
    return stops[left].map((from, channel) => from + (stops[left + 1][channel] - from) * (place - left));
  });
  return (value) => table[Math.round(Math.min(1, Math.max(0, value || 0)) * STEPS)];
}

/** `rgb(...)` of a colour. */
export function css(colour) {
  return `rgb(${colour.map(Math.round).join(" ")})`;
}
