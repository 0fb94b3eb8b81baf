/** The one cursor over the words: hovering and keys move it, a click pins it, everything that is drawn follows. */

import { id } from "./dom.js";
import * as store from "./store.js";

let length = 0;
let word = 0;
let pinned = false;
let frame = 0;
let turns = [];
let playing = 0;
const followers = [];

/** Where the cursor is. */
export const at = () => word;

/** Call `follow(word)` once a frame when the cursor has moved. */
export function onMove(follow) {
  followers.push(follow);
}

/** A new text of `count` words; `turning` are its turns by word, for the keys that jump. */
export function over(count, start, turning) {
  stop();
  length = count;
  turns = turning;
  pin(false);
  word = Math.min(Math.max(start, 0), count - 1);
  tell();
}

/** Put the cursor on a word. */
export function move(to) {
  const next = Math.min(Math.max(Math.round(to), 0), length - 1);
  if (next === word || !length) return;
  word = next;
  store.set({ word });
  if (!frame) frame = requestAnimationFrame(tell);
}

/** What hovering does: nothing while the cursor is pinned. */
export function hover(to) {
  if (!pinned && !playing) move(to);
}

/** What a click does: put the cursor there, and keep it. */
export function click(to) {
  const again = pinned && Math.round(to) === word;
  move(to);
  pin(!again);
}

/** Put the cursor on a word and keep it there. */
export function hold(to) {
  move(to);
  pin(true);
}

/** Let the cursor follow the pointer again. */
export function release() {
  pin(false);
}

function pin(on) {
  pinned = on;
  id("words").classList.toggle("pinned", on);
}

function tell() {
  frame = 0;
  for (const follow of followers) follow(word);
}

/** To the next or the previous large turn. */
function jump(direction) {
  const ranked = turns.map(Math.abs);
  const bar = [...ranked].sort((a, b) => b - a)[Math.min(length - 1, Math.max(3, Math.round(length / 12)))];
  for (let t = word + direction; t >= 0 && t < length; t += direction) if (ranked[t] >= bar) return move(t);
}

function stop() {
  clearInterval(playing);
  playing = 0;
}

function play() {
  if (playing) return stop();
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return move(word + 1);
  if (word === length - 1) move(0);
  playing = setInterval(() => (word < length - 1 ? move(word + 1) : stop()), 220);
}

/** What each key does, in the words of the help. */
export const KEYS = [
  ["← →", "one word back, forward"],
  ["↑ ↓", "a line of the review; a unit in the units"],
  ["Shift ← →", "mark words, to look for places like them"],
  ["Home End", "first, last word"],
  ["[ ]", "to the biggest turn before, after"],
  ["Space", "play: read on, word by word"],
  ["P", "pin the cursor where it is"],
  ["+ − 0", "show fewer words, more, all"],
  ["D", "what if this word were not there"],
  ["C", "compare with the next model"],
  ["?", "these keys"],
  ["Esc", "unpin, stop"],
];

/** Do what `key` says; false where it says nothing. `acts` are the keys that concern more than the cursor. */
export function press(key, acts) {
  const moves = {
    ArrowLeft: () => move(word - 1),
    ArrowRight: () => move(word + 1),
    Home: () => move(0),
    End: () => move(length - 1),
    PageUp: () => move(word - 10),
    PageDown: () => move(word + 10),
    "[": () => jump(-1),
    "]": () => jump(1),
    " ": play,
    p: () => pin(!pinned),
    Escape: () => (stop(), pin(false)),
    ...acts,
  };
  const act = moves[key.length === 1 ? key.toLowerCase() : key];
  if (!act) return false;
  if (key !== " ") stop();
  act();
  return true;
}
