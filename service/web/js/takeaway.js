/** What a person takes away: the arrays, the request, the address. */

import { archive } from "./api.js";
import { id } from "./dom.js";
import { save } from "./saving.js";
import * as store from "./store.js";

/** Wire the buttons; `request()` is the body of the trace on screen. */
export function mount(request, fail) {
  id("npz").addEventListener("click", async () => {
    try {
      save(await archive(request()), "trace.npz");
    } catch (error) {
      fail(error);
    }
  });
  id("curl").addEventListener("click", () => copy(curl(request()), "the command is copied; it holds the text"));
  id("link").addEventListener("click", () => copy(location.href, "the link is copied"));
  id("link-text").addEventListener("click", () => copy(store.addressWith({ text: store.get("text") }), "the link is copied; whoever opens it reads the text"));
}

async function copy(text, done) {
  const said = await navigator.clipboard.writeText(text).then(() => done, () => "the browser does not allow copying here");
  id("copied").textContent = said;
}

/** The request as a shell command. */
function curl(body) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -s ${new URL("v1/trace", document.baseURI).href} -H 'Content-Type: application/json' -d '${quoted}'`;
}
