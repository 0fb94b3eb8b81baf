/** The texts that a person has had read, newest first: kept by this browser, on this machine, until they are forgotten. */

const KEPT = 20;
const LONGEST = 20_000;
const NAME = "texts";

/** The texts. */
export function all() {
  try {
    return JSON.parse(localStorage.getItem(NAME) ?? "[]");
  } catch {
    return [];
  }
}

/** Keep a text. One that only begins it was still being typed. */
export function keep(text) {
  if (!text.trim() || text.length > LONGEST) return;
  const others = all().filter((one) => one !== text && !text.startsWith(one));
  localStorage.setItem(NAME, JSON.stringify([text, ...others].slice(0, KEPT)));
}

/** Forget them all. */
export function forget() {
  localStorage.removeItem(NAME);
}
