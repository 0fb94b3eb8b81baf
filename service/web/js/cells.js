/** The three cells as everybody draws them: the state runs along the top, the gates stand below it as valves. */

import { box, drawing, frame, label, operator, read, squash, wire } from "./drawings.js";

const TOP = 74;
const GATES = 168;
const BUS = 248;

function lstm() {
  return drawing(330, [
    frame(256), operator(150, TOP, "×"), operator(335, TOP, "+"), operator(335, 122, "×"), operator(478, 158, "×"), squash(478, 112),
  ], {
    before: [wire(`M14,${TOP} H138`), label(14, TOP, "cell before", { anchor: "start", above: true })],
    kept: [wire(`M162,${TOP} H323`), label(242, TOP - 9, "kept")],
    cell: [wire(`M347,${TOP} H574,${TOP}`), wire(`M478,${TOP} V100`), wire(`M574,${TOP} L576,${TOP}`, { arrow: true }),
      label(586, TOP, "cell now", { anchor: "end", above: true })],
    written: [wire("M335,110 V86"), label(352, 104, "written", { anchor: "start" })],
    hiddenBefore: [wire(`M14,${BUS} H425`), label(14, BUS, "hidden before", { anchor: "start", above: true }),
      ...[150, 240, 335, 425].map((x) => wire(`M${x},${BUS} V214`))],
    forget: [box(150, GATES, "forget", "σ"), wire(`M150,${GATES} V86`, { gated: true })],
    input: [box(240, GATES, "input", "σ"), wire(`M240,${GATES} V122 H323`, { gated: true })],
    candidate: [box(335, GATES, "candidate", "tanh", false), wire(`M335,${GATES} V134`)],
    output: [box(425, GATES, "output", "σ"), wire(`M425,${GATES} V158 H466`, { gated: true })],
    squashed: [wire("M478,124 V146"), label(492, 140, "", { anchor: "start" })],
    hidden: [wire(`M478,170 V${BUS} H574`), wire(`M574,${BUS} L576,${BUS}`, { arrow: true }),
      label(586, BUS, "hidden now", { anchor: "end", above: true })],
    word: read(104, 312, BUS),
  });
}

function gru() {
  return drawing(330, [
    frame(256), operator(238, TOP, "×"), operator(425, TOP, "+"), operator(425, 118, "×"), operator(140, 136, "×"),
    operator(330, 118, "1−"),
  ], {
    hiddenBefore: [wire(`M14,${TOP} H226`), wire(`M140,${TOP} V124`), wire(`M104,${TOP} V${BUS - 12} H238`),
      ...[140, 238].map((x) => wire(`M${x},${BUS - 12} V214`)),
      label(14, TOP, "hidden before", { anchor: "start", above: true })],
    kept: [wire(`M250,${TOP} H413`), label(332, TOP - 9, "kept")],
    hidden: [wire(`M437,${TOP} H574`), wire(`M574,${TOP} L576,${TOP}`, { arrow: true }),
      label(586, TOP, "hidden now", { anchor: "end", above: true })],
    reset: [box(140, GATES, "reset", "σ"), wire(`M140,${GATES} V148`, { gated: true })],
    passed: [wire("M152,136 H232 A6,6 0 0 1 244,136 H356 V191 H386")],
    update: [box(238, GATES, "update", "σ"), wire(`M238,${GATES} V86`, { gated: true })],
    renewed: [wire("M238,118 H318", { gated: true }), wire("M342,118 H413", { gated: true }), label(378, 110, "")],
    candidate: [box(425, GATES, "candidate", "tanh", false), wire(`M425,${GATES} V130`)],
    written: [wire("M425,106 V86"), label(442, 106, "written", { anchor: "start" })],
    input: [wire(`M104,${BUS + 10} H425 V214`)],
    word: read(104, 312, BUS - 12),
  });
}

function rnn() {
  return drawing(250, [frame(176)], {
    hiddenBefore: [wire("M14,110 H261"), label(14, 110, "hidden before", { anchor: "start", above: true })],
    hidden: [box(300, 87, "new state", "tanh", false), wire("M339,110 H574"), wire("M574,110 L576,110", { arrow: true }),
      label(586, 110, "hidden now", { anchor: "end", above: true })],
    word: read(150, 230, 110),
  });
}

/** A fresh drawing of each cell: `{svg, set(values)}`. */
export const DRAWINGS = { lstm, gru, rnn };
