/** The review as running text: fill and underline for how much, hue and glyph for which way. */

import { interleaved, tint, wordsOf } from "../coloured.js";
import * as cursor from "../cursor.js";
import { h, id } from "../dom.js";
import { signed } from "../format.js";
import { endOf, scaleEnd, VIEWS } from "../reading.js";
import * as store from "../store.js";
import { tell } from "../values.js";

export function mount() {
  const surface = id("words");
  const frame = document.querySelector("#review .cursor-frame");
  let reading = null;
  let spans = [];
  let boxes = [];
  let here = null;
  let scrolls = false;
  let moved = false;
  let room = 0;
  let scrolled = 0;
  let shown = null;

  const wordOf = (event) => event.target.closest("[data-t]")?.dataset.t;
  surface.addEventListener("pointermove", (event) => {
    const t = wordOf(event);
    if (t !== undefined && event.pointerType === "mouse") cursor.hover(Number(t));
  });
  surface.addEventListener("click", (event) => wordOf(event) !== undefined && cursor.click(Number(wordOf(event))));
  tell(surface, (event) => {
    const t = Number(event ? wordOf(event) : cursor.at());
    if (!reading || !spans[t]) return null;
    const { left, top, width } = boxes[t];
    return { x: left + width / 2, y: top - scrolled, text: saysOf(reading, shown, t) };
  });

  const paint = () => {
    if (!reading) return;
    const view = reading.viewOr(store.get("view"));
    const shares = reading.shares(view);
    shown = shares;
    const most = scaleEnd(shares, store.get("scale"));
    tint(spans, shares, most);
    legend(reading, view, most);
    choices(reading, view);
  };
  store.watch(["view", "scale"], paint);

  /** Where every word stands, measured once: moving the cursor asks nothing of the layout. */
  const measure = () => {
    boxes = spans.map(({ offsetLeft: left, offsetTop: top, offsetWidth: width, offsetHeight: height }) => ({ left, top, width, height }));
    room = surface.clientHeight;
    point(cursor.at());
  };

  /** Scroll the text, not the page. */
  const bringIntoView = ({ top, height }) => {
    if (top >= scrolled && top + height <= scrolled + room) return;
    surface.scrollTop = top - room / 2;
    scrolled = surface.scrollTop;
  };

  const frameAt = ({ left, top, width, height }) => {
    frame.style.transform = `translate(${left}px, ${top - scrolled}px)`;
    frame.style.width = `${width}px`;
    frame.style.height = `${height}px`;
  };
  surface.addEventListener("scroll", () => {
    scrolled = surface.scrollTop;
    if (boxes[cursor.at()]) frameAt(boxes[cursor.at()]);
  });

  /** The cursor lies above the words in a layer of its own: moving it paints no word again. */
  const point = (t) => {
    here?.removeAttribute("aria-current");
    here = spans[t];
    if (!here || !boxes[t]) return;
    here.setAttribute("aria-current", "true");
    if (moved && scrolls && !surface.matches(":hover")) bringIntoView(boxes[t]);
    frameAt(boxes[t]);
    moved = true;
  };
  new ResizeObserver(measure).observe(surface);

  return {
    parts: ["write", "occlusion", "interaction"],
    light: true,
    rows: () => rows(reading),
    point,
    show(next) {
      reading = next;
      spans = wordsOf(reading);
      here = null;
      moved = false;
      surface.replaceChildren(...interleaved(reading, spans));
      paint();
      surface.scrollTop = 0;
      scrolled = 0;
      scrolls = surface.scrollHeight > surface.clientHeight;
      measure();
    },
    line: (direction) => nearestOnLine(spans, cursor.at(), direction),
  };
}

/** The shares of every view that there is. */
function rows(reading) {
  const views = Object.keys(VIEWS).filter((view) => reading.shares(view));
  return [["word", "unknown", ...views], ...reading.words.map(({ text, oov }, t) => [text, oov, ...views.map((view) => reading.shares(view)[t])])];
}

function saysOf(reading, shares, t) {
  const { toward, against } = reading.ends;
  const leans = signed(shares[t]) === "0" ? "" : `, leans to ${shares[t] < 0 ? against : toward}`;
  return `${reading.words[t].text}: ${signed(shares[t])} logits${leans}${reading.words[t].oov ? "; unknown to the model" : ""}`;
}

/** The word above or below word t that stands nearest to it. */
function nearestOnLine(spans, t, direction) {
  const box = spans[t].getBoundingClientRect();
  let best = t;
  let bestDistance = Infinity;
  let line = null;
  for (let i = t + direction; i >= 0 && i < spans.length; i += direction) {
    const other = spans[i].getBoundingClientRect();
    if (Math.abs(other.top - box.top) < box.height / 2) continue;
    line ??= other.top;
    if (Math.abs(other.top - line) > box.height / 2) break;
    const distance = Math.abs(other.left - box.left);
    if (distance < bestDistance) [best, bestDistance] = [i, distance];
  }
  return best;
}

function choices(reading, current) {
  const host = document.querySelector("#review .views");
  const missing = reading.cell === "rnn" ? "an RNN has no gates that carry what is written" : "being worked out";
  host.replaceChildren(...Object.entries(VIEWS).map(([view, { label, says }]) =>
    h("button", {
      type: "button",
      "aria-pressed": String(view === current),
      disabled: !reading.shares(view),
      title: reading.shares(view) ? says : missing,
      onclick: () => store.set({ view }),
    }, label)));
}

function legend(reading, view, most) {
  const { toward, against } = reading.ends;
  const fixed = store.get("scale") === "fixed";
  id("review-says").textContent = `The colour shows ${VIEWS[view].says}.`;
  id("review-legend").replaceChildren(
    h("span", {}, h("b", {}, `− ${against}`), h("i", { class: "ramp text" }), h("b", {}, `+ ${toward}`)),
    h("span", {}, `deepest fill and thickest underline: ${endOf(most, store.get("scale"))}`),
    h("label", {}, h("input", { type: "checkbox", checked: fixed, onchange: () => store.set({ scale: fixed ? "text" : "fixed" }) }),
      " the same scale for every text"),
    h("span", { class: "dotted" }, "a word that the model does not know"));
}
