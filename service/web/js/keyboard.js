/** Keys while a picture or the review has the focus, the help that lists them, and the cursor told to screen readers. */

import * as cursor from "./cursor.js";
import { h, id } from "./dom.js";
import * as store from "./store.js";
import * as stretch from "./stretch.js";
import { said } from "./values.js";

const SPEAK_AFTER = 250;
const SIDEWAYS = { ArrowLeft: -1, ArrowRight: 1 };

/** Wire the keys to the panels that have more to do than to follow the cursor. */
export function mount({ review, units, whatif, phrase }) {
  const help = id("help");
  help.querySelector("dl").append(...cursor.KEYS.flatMap(([keys, does]) => [h("dt", {}, h("kbd", {}, keys)), h("dd", {}, does)]));
  id("keys").addEventListener("click", () => help.showModal());

  const acts = {
    d: whatif.remove,
    c: nextModel,
    "+": () => stretch.zoom(cursor.at(), 0.5),
    "-": () => stretch.zoom(cursor.at(), 2),
    0: stretch.whole,
  };
  const rows = {
    words: { ArrowUp: () => cursor.move(review.line(-1)), ArrowDown: () => cursor.move(review.line(1)) },
    units: { ArrowUp: () => units.step(-1), ArrowDown: () => units.step(1) },
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && !event.target.closest("textarea, input, select")) return help.open || help.showModal();
    const panel = event.target.closest("[data-keys]");
    if (!panel || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.shiftKey && event.key in SIDEWAYS && panel.dataset.keys === "words") {
      event.preventDefault();
      return phrase.extend(SIDEWAYS[event.key]);
    }
    if (cursor.press(event.key, { ...acts, ...rows[panel.dataset.keys] })) event.preventDefault();
  });
}

/** Compare with the next model that is served, and after the last with none. */
function nextModel() {
  const options = [...id("compare").options].map((option) => option.value);
  const next = options[(options.indexOf(store.get("compare")) + 1) % options.length];
  store.set({ compare: next });
  announce(next ? `compared with ${next}` : "compared with no other model");
  id("comparison").scrollIntoView({ block: "nearest" });
}

/** Say what a key did, where what it did may be out of sight. */
export function announce(what) {
  clearTimeout(pending);
  id("sentence").textContent = what;
}

let pending = 0;

/** Say where the cursor is: to sliders at once, to the live region when it rests. */
export function speak(reading, t) {
  const sentence = reading.sentence(t);
  for (const slider of document.querySelectorAll("[role=slider]")) {
    slider.setAttribute("aria-valuemin", 1);
    slider.setAttribute("aria-valuemax", reading.length);
    slider.setAttribute("aria-valuenow", t + 1);
    slider.setAttribute("aria-valuetext", `${sentence} ${said(slider)}`.trim());
  }
  clearTimeout(pending);
  if (!document.activeElement.matches("[role=slider]")) pending = setTimeout(() => (id("sentence").textContent = sentence), SPEAK_AFTER);
}
