/** What went wrong, and what to do about it. The text stays where it is. */

import { useKey } from "./api.js";
import { h, id } from "./dom.js";

const ADVICE = {
  0: "Is it still running? The page keeps your text.",
  404: "Choose another model.",
  413: "Shorten the text.",
  422: "Type a word or two above, or choose an example.",
  429: "Many people are asking; it is worth another try in a moment.",
  503: "It is starting or stopping; it is worth another try in a moment.",
  504: "It was too busy to answer in time; it is worth another try.",
};

const box = id("problem");

/** Take the message away. */
export function clear() {
  box.hidden = true;
  id("main").classList.remove("stale");
}

/** Say what `error` means; `again` tries once more. What is on the page is of another text now, and dimmed. */
export function show(error, again) {
  if (error.name === "AbortError") return;
  const { status = -1, title = "This page met an error", detail = error.message } = error;
  const advice = ADVICE[status] ?? "";
  box.replaceChildren(h("strong", {}, title), h("span", {}, [detail, advice].filter(Boolean).join(". ")),
    status === 401 ? key(again) : h("button", { type: "button", onclick: again }, "try again"));
  box.hidden = false;
  id("main").classList.add("stale");
  id("facts").textContent = "";
}

function key(again) {
  const field = h("input", { type: "password", "aria-label": "API key", autocomplete: "off", required: true });
  const use = (event) => {
    event.preventDefault();
    useKey(field.value);
    again();
  };
  return h("form", { class: "controls", onsubmit: use }, field, h("button", {}, "use this API key"));
}
