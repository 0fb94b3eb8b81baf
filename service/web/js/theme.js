/** Light, dark, or as the system has it. */

import { id } from "./dom.js";

const THEMES = ["system", "light", "dark"];
const button = id("theme");

/** Wire the button; `repaint` is called when the colours have changed. */
export function mount(repaint) {
  const wear = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = `theme: ${theme}`;
    localStorage.setItem("theme", theme);
  };
  wear(THEMES.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "system");
  button.addEventListener("click", () => {
    const now = THEMES.indexOf(document.documentElement.dataset.theme);
    wear(THEMES[(now + 1) % THEMES.length]);
    repaint();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
}
