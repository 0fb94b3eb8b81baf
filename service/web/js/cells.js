/** The cells as everybody draws them: the state runs along the top, the gates stand below it as valves. */

import { box, drawing, frame, label, operator, read, squash, wire } from "./drawings.js";

const TOP = 74;
const GATES = 168;
const BUS = 248;

function lstm() {
  return drawing(330, [
    frame(256), operator(150, TOP, "×"), operator(335, TOP, "+"), operator(335, 122, "×"), operator(478, 160, "×"), squash(478, 110),
  ], {
    before: [wire(`M4,${TOP} H138`), label(4, TOP, "cell before", { anchor: "start", above: true })],
    kept: [wire(`M162,${TOP} H323`), label(242, TOP - 9, "kept")],
    cell: [wire(`M347,${TOP} H580`), wire(`M478,${TOP} V98`), wire(`M580,${TOP} L586,${TOP}`, { arrow: true }),
      label(596, TOP, "cell now", { anchor: "end", above: true })],
    written: [wire("M335,110 V86"), label(352, 104, "written", { anchor: "start" })],
    hiddenBefore: [wire(`M4,${BUS} H425`), label(4, BUS, "hidden before", { anchor: "start", above: true }),
      ...[150, 240, 335, 425].map((x) => wire(`M${x},${BUS} V214`))],
    forget: [box(150, GATES, "forget", "σ"), wire(`M150,${GATES} V86`, { gated: true })],
    input: [box(240, GATES, "input", "σ"), wire(`M240,${GATES} V122 H323`, { gated: true })],
    candidate: [box(335, GATES, "candidate", "tanh", false), wire(`M335,${GATES} V134`)],
    output: [box(425, GATES, "output", "σ"), wire(`M425,${GATES} V160 H466`, { gated: true })],
    squashed: [wire("M478,122 V148"), label(492, 140, "", { anchor: "start" })],
    hidden: [wire(`M478,172 V${BUS} H580`), wire(`M580,${BUS} L586,${BUS}`, { arrow: true }),
      label(596, BUS, "hidden now", { anchor: "end", above: true })],
    word: read(108, 312, BUS),
  });
}

function gru() {
  return drawing(330, [
    frame(256), operator(254, TOP, "×"), operator(425, TOP, "+"), operator(425, 118, "×"), operator(160, 136, "×"),
    operator(336, 118, "1−"),
  ], {
    hiddenBefore: [wire(`M4,${TOP} H242`), wire(`M160,${TOP} V124`), wire(`M108,${TOP} V${BUS - 12} H254`),
      ...[160, 254].map((x) => wire(`M${x},${BUS - 12} V214`)),
      label(4, TOP, "hidden before", { anchor: "start", above: true })],
    kept: [wire(`M266,${TOP} H413`), label(340, TOP - 9, "kept")],
    hidden: [wire(`M437,${TOP} H580`), wire(`M580,${TOP} L586,${TOP}`, { arrow: true }),
      label(596, TOP, "hidden now", { anchor: "end", above: true })],
    reset: [box(160, GATES, "reset", "σ"), wire(`M160,${GATES} V148`, { gated: true })],
    passed: [wire("M172,136 H248 A6,6 0 0 1 260,136 H362 V191 H386")],
    update: [box(254, GATES, "update", "σ"), wire(`M254,${GATES} V86`, { gated: true })],
    renewed: [wire("M254,118 H324", { gated: true }), wire("M348,118 H413", { gated: true }), label(381, 110, "")],
    candidate: [box(425, GATES, "candidate", "tanh", false), wire(`M425,${GATES} V130`)],
    written: [wire("M425,106 V86"), label(442, 106, "written", { anchor: "start" })],
    x: wire(`M108,${BUS + 10} H425 V214`),
    word: read(108, 312, BUS - 12),
  });
}

function mingru() {
  return drawing(290, [frame(216), operator(254, TOP, "×"), operator(425, TOP, "+"), operator(425, 118, "×"), operator(336, 118, "1−")], {
    hiddenBefore: [wire(`M4,${TOP} H242`), label(4, TOP, "hidden before", { anchor: "start", above: true })],
    kept: [wire(`M266,${TOP} H413`), label(340, TOP - 9, "kept")],
    hidden: [wire(`M437,${TOP} H580`), wire(`M580,${TOP} L586,${TOP}`, { arrow: true }),
      label(596, TOP, "hidden now", { anchor: "end", above: true })],
    update: [box(254, GATES, "update", "σ"), wire(`M254,${GATES} V86`, { gated: true })],
    renewed: [wire("M254,118 H324", { gated: true }), wire("M348,118 H413", { gated: true }), label(381, 110, "")],
    candidate: [box(425, GATES, "candidate", "", false), wire(`M425,${GATES} V130`)],
    written: [wire("M425,106 V86"), label(442, 106, "written", { anchor: "start" })],
    x: [wire(`M108,${BUS} H425 V214`), wire(`M254,${BUS} V214`)],
    word: read(108, 272, BUS),
  });
}

function rnn() {
  return drawing(250, [frame(176)], {
    hiddenBefore: [wire("M4,110 H261"), label(4, 110, "hidden before", { anchor: "start", above: true })],
    hidden: [box(300, 87, "new state", "tanh", false), wire("M339,110 H580"), wire("M580,110 L586,110", { arrow: true }),
      label(596, 110, "hidden now", { anchor: "end", above: true })],
    word: read(150, 230, 110),
  });
}

/** A fresh drawing of each cell: `{svg, set(values)}`. */
export const DRAWINGS = { lstm, gru, mingru, rnn };
