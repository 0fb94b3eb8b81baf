/** What a person has chosen. The address holds it, but never the text: that stays in the history of this tab. */

const DEFAULTS = { model: "", compare: "", view: "word", scale: "text", word: "", unit: "first", gate: "share", example: "0" };

const watchers = [];
let chosen = arrived();

/** What is chosen for `name`; always a string. `text` is a person's own text, empty where an example is read. */
export function get(name) {
  return chosen[name];
}

/** Choose, tell those who watch, and write the address; where `step`, the browser's Back leads to what was before. */
export function set(changes, { step = false } = {}) {
  const changed = Object.keys(changes).filter((name) => chosen[name] !== String(changes[name]));
  if (!changed.length) return;
  if (step) write("pushState");
  for (const name of changed) chosen[name] = String(changes[name]);
  tell(changed);
  if (step) write("replaceState");
  else remember();
}

/** Call `tell` after any of `names` has changed. */
export function watch(names, tell) {
  watchers.push({ names, tell });
}

/** The address of what is chosen but for `changes`, which may hold a text. */
export function addressWith(changes) {
  return `${location.origin}${location.pathname}#${new URLSearchParams({ ...Object.fromEntries(differing()), ...changes })}`;
}

addEventListener("popstate", () => {
  clearTimeout(pending);
  const next = arrived();
  const changed = Object.keys(next).filter((name) => next[name] !== chosen[name]);
  chosen = next;
  tell(changed);
  write("replaceState");
});

function tell(changed) {
  for (const { names, tell } of watchers) if (names.some((name) => changed.includes(name))) tell();
}

/** What address and history say: a text in the address, as a link brings it, is a person's own. */
function arrived() {
  const hash = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const known = Object.keys(DEFAULTS).filter((name) => name in hash).map((name) => [name, hash[name]]);
  const text = hash.text ?? history.state?.text ?? "";
  return { ...DEFAULTS, ...Object.fromEntries(known), text, ...(text && { example: "" }) };
}

let pending = 0;

/** Browsers count changes of the address, so it follows a moving cursor with a delay. */
function remember() {
  clearTimeout(pending);
  pending = setTimeout(() => write("replaceState"), 250);
}

function write(how) {
  clearTimeout(pending);
  const hash = new URLSearchParams(differing()).toString();
  history[how]({ text: chosen.text }, "", hash ? `#${hash}` : location.pathname);
}

function differing() {
  return Object.entries(DEFAULTS).filter(([name, value]) => chosen[name] !== value).map(([name]) => [name, chosen[name]]);
}
