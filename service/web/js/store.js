/** What a person has chosen, kept in the address (never the text), and who wants to know. */

const DEFAULTS = { model: "", compare: "", view: "written", word: "", unit: "mean", gate: "share", example: "0" };

const chosen = { ...DEFAULTS, ...Object.fromEntries(new URLSearchParams(location.hash.slice(1))) };
const watchers = [];

/** What is chosen for `name`; always a string. */
export function get(name) {
  return chosen[name];
}

/** Choose, tell those who watch, and write the address. */
export function set(changes) {
  const changed = Object.keys(changes).filter((name) => chosen[name] !== String(changes[name]));
  if (!changed.length) return;
  for (const name of changed) chosen[name] = String(changes[name]);
  for (const { names, tell } of watchers) if (names.some((name) => changed.includes(name))) tell();
  remember();
}

/** Call `tell` after any of `names` has changed. */
export function watch(names, tell) {
  watchers.push({ names, tell });
}

let pending = 0;

/** Browsers count changes of the address, so it follows a moving cursor with a delay. */
function remember() {
  clearTimeout(pending);
  pending = setTimeout(() => {
    const differs = Object.entries(chosen).filter(([name, value]) => name in DEFAULTS && value !== DEFAULTS[name]);
    const hash = new URLSearchParams(differs).toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
  }, 250);
}
