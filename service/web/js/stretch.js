/** The stretch of words that the pictures show: all of them, or what a person has marked on the strip. */

const LEAST = 8;

let length = 0;
let start = 0;
let stop = 0;
let frame = 0;
const followers = [];

/** The first word shown. */
export const first = () => start;

/** The word after the last one shown, of a text of `count` words. */
export const end = (count) => Math.min(stop, count);

/** Whether some words are not shown. */
export const isPart = () => stop - start < length;

/** Call `follow()` once a frame when another stretch is shown. */
export function onChange(follow) {
  followers.push(follow);
}

/** A text of `count` words: all are shown, unless it is as long as the one before. */
export function over(count) {
  if (count === length) return;
  length = count;
  show(0, count);
}

/** Show the words from `from` to before `to`, and never fewer than can be told apart. */
export function show(from, to) {
  const count = Math.min(length, Math.max(LEAST, Math.round(to - from)));
  start = Math.min(Math.max(0, Math.round(from)), length - count);
  stop = start + count;
  if (!frame) frame = requestAnimationFrame(tell);
}

/** Show `factor` times as many words, word t where it was. */
export function zoom(t, factor) {
  const before = (t - start) * factor;
  show(t - before, t - before + (stop - start) * factor);
}

/** Show all words. */
export function whole() {
  show(0, length);
}

/** Keep word t in sight. */
export function follow(t) {
  if (t >= start && t < stop) return;
  const half = (stop - start) / 2;
  show(t - half, t + half);
}

function tell() {
  frame = 0;
  for (const follow of followers) follow();
}
