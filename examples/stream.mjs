// Ask a running service, and read along while a text is typed: node 22, or any browser.
// node examples/stream.mjs [http://127.0.0.1:8000]
const root = process.argv[2] ?? "http://127.0.0.1:8000";
const text = "Not bad at all, and the ending is amazing.";

const answer = await fetch(new URL("/v1/predict", root), { method: "POST", body: JSON.stringify({ text }) });
const said = await answer.json();
if (!answer.ok) throw new Error(said.detail);
console.log(`${said.label} ${said.probabilities[said.label].toFixed(3)}`);

const socket = new WebSocket(new URL("/v1/stream", root.replace("http", "ws")));
socket.onopen = () => {
  for (const piece of text.split(/(?<= )/)) socket.send(JSON.stringify({ text: piece }));
  socket.send(JSON.stringify({ end: true }));
};
socket.onmessage = ({ data }) => {
  const read = JSON.parse(data);
  if (read.detail) throw new Error(read.detail);
  if (read.preview) return;
  if (read.final) console.log(`${read.label} after ${read.words} words`);
  else console.log(`${read.word} ${read.label} ${read.probabilities[read.label].toFixed(3)}`);
};
socket.onerror = () => {
  throw new Error(`${root}: no stream`);
};
