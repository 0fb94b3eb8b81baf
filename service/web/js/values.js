/** What a mark stands for, in a note beside it: under the pointer or the finger, or at the cursor of the picture that has the focus. */

import { h } from "./dom.js";

const note = h("p", { id: "value", "aria-hidden": "true", hidden: true });
const pictures = new Map();
/** The picture that the note is on. */
let on = null;
document.body.append(note);
/** Where the picture that has the keyboard’s focus stands: asking at every move would have the page laid out once more. */
let place = null;
addEventListener("scroll", ({ target }) => target.contains(on) && (hide(), afresh()), { capture: true, passive: true });
addEventListener("resize", () => (place = null));
document.addEventListener("pointerdown", hide, { capture: true });
document.addEventListener("focusin", afresh);
document.addEventListener("focusout", ({ target }) => target === on && hide());

/**
 * Let the marks of `host` tell what they stand for. `mark(event)` says it of the place of a pointer, `mark(null)` of the
 * place of the cursor: `{text, x, y}`, in pixels from the left top of `host`; null where there is no mark.
 */
export function tell(host, mark) {
  pictures.set(host, mark);
  host.addEventListener("pointermove", (event) => event.pointerType === "mouse" && show(host, mark(event)));
  host.addEventListener("pointerup", (event) => event.pointerType !== "mouse" && show(host, mark(event)));
  host.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
}

/** The cursor has moved: so does the note of the picture that has the keyboard’s focus. */
export function follow() {
  const host = document.activeElement;
  if (!pictures.has(host) || !host.matches(":focus-visible")) return;
  place ??= host.getBoundingClientRect();
  show(host, pictures.get(host)(null), place);
}

/** Follow the cursor from where the picture stands now. */
export function afresh() {
  place = null;
  follow();
}

/** What the picture says of the word at the cursor; empty where it says nothing. */
export function said(host) {
  return pictures.get(host)?.(null)?.text ?? "";
}

/** A place of the pointer on `host`, in pixels from its left top. */
export function placeOn(host, { clientX, clientY }) {
  const { left, top } = host.getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}

function show(host, mark, { left, top } = host.getBoundingClientRect()) {
  if (!mark) return hide();
  on = host;
  note.hidden = false;
  note.textContent = mark.text;
  note.style.setProperty("--x", `${left + mark.x}px`);
  note.style.setProperty("--y", `${top + mark.y}px`);
}

function hide() {
  on = null;
  note.hidden = true;
}
