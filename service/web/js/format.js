/** Numbers as people read them. */

const MINUS = "−";

/** A share in logits with its sign: `+1.32`; `0` where no digit of it would show. */
export function signed(value, digits = 2) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value).toFixed(digits);
  if (Number(size) === 0) return "0";
  return (value < 0 ? MINUS : "+") + size;
}

/** A number between 0 and 1 as a gate shows it: `0.91`. */
export function plain(value, digits = 2) {
  return Number.isFinite(value) ? value.toFixed(digits).replace("-", MINUS) : "–";
}

/** A probability or a share of a whole: `93 %`. */
export function percent(value, digits = 0) {
  return Number.isFinite(value) ? `${(100 * value).toFixed(digits)} %` : "–";
}

/** A residual: `2e-7`. */
export function residual(value) {
  return Number.isFinite(value) ? value.toExponential(0).replace("e-", "e−").replace("e+0", "") : "–";
}

/** Whole numbers with thousands apart: `12 752`. */
export function whole(value) {
  return Math.round(value).toLocaleString("en").replaceAll(",", " ");
}

/** `1 word`, `2 words`. */
export function counted(count, noun) {
  return `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;
}
