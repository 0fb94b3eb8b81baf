/** The verdict while a text is typed: one WebSocket takes every change of it and says after each what the model thinks. */

import * as api from "./api.js";

let socket = null;
let sent = [];
let there = "WebSocket" in globalThis;
let latest = null;
let frame = 0;

/** Whether the service takes texts as they are typed, as far as is known. */
export const isThere = () => there;

/** Send what `text` has become; `tell(prediction)` is called with what the model says of it, once a frame at most. */
export function follow(text, model, tell) {
  if (!there) return;
  if (!socket) open(model, tell);
  else if (socket.readyState === WebSocket.OPEN) send(text);
  else if (socket.readyState > WebSocket.OPEN) stop();
  if (socket) socket.wanted = text;
}

/** End it: another text or model comes. */
export function stop() {
  socket?.close();
  socket = null;
  sent = [];
  latest = null;
}

function open(model, tell) {
  const mine = api.typedText();
  let answered = false;
  socket = mine;
  mine.head = { look: true, ...(model && { model }) };
  mine.onopen = () => send(mine.wanted);
  mine.onmessage = ({ data }) => {
    const said = JSON.parse(data);
    if (socket !== mine || !said.probabilities) return;
    answered = true;
    latest = said;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (latest) tell(latest);
    });
  };
  mine.onclose = () => {
    if (!answered) there = false;
    if (socket === mine) stop();
  };
}

/** Send the change from what was sent to `text`, in code points: what stands before and behind it stays. */
function send(text) {
  const next = Array.from(text);
  const most = Math.min(sent.length, next.length);
  let start = 0;
  while (start < most && sent[start] === next[start]) start += 1;
  let end = 0;
  while (end < most - start && sent.at(-1 - end) === next.at(-1 - end)) end += 1;
  if (start === sent.length && start === next.length) return;
  socket.send(JSON.stringify({ ...socket.head, text: next.slice(start, next.length - end).join(""), replace: [start, sent.length - end] }));
  socket.head = {};
  sent = next;
}
