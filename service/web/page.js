const EXAMPLES = [
  "Amazing! This box of cereal gave me a perfectly balanced breakfast, as all things should be.",
  "Dull, predictable and far too long: I wouldn't watch it again.",
  "Not bad, not good either - but the last ten minutes almost save it.",
];
const PAUSE = 150;

const review = document.querySelector("#review");
const notice = document.querySelector("#notice");
const verdicts = document.querySelector("#verdicts");

let running;
let timer;

function element(tag, properties = {}, children = []) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function verdict(prediction) {
  const rows = Object.entries(prediction.probabilities).map(([label, p]) =>
    element("div", { className: "probability" }, [
      element("span", { textContent: label }),
      element("meter", { value: p, ariaLabel: label }),
      element("output", { textContent: `${(100 * p).toFixed(1)} %` }),
    ]),
  );
  const cut = prediction.truncated ? ", the rest was cut off" : "";
  return element("article", {}, [
    element("h2", { textContent: prediction.model }),
    element("p", { className: "label", textContent: prediction.label }),
    ...rows,
    element("p", { className: "facts", textContent: `version ${prediction.version}, ${prediction.words} words read${cut}` }),
  ]);
}

async function compare() {
  running?.abort();
  if (!review.value.trim()) {
    verdicts.replaceChildren();
    notice.textContent = "";
    return;
  }
  running = new AbortController();
  try {
    const response = await fetch("/v1/compare", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text: review.value }),
      signal: running.signal,
    });
    const answer = await response.json();
    notice.textContent = response.ok ? "" : `${answer.title}: ${answer.detail}`;
    if (response.ok) verdicts.replaceChildren(...answer.predictions.map(verdict));
  } catch (error) {
    if (error.name !== "AbortError") notice.textContent = "The service does not answer.";
  }
}

function show(text) {
  review.value = text;
  compare();
}

review.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(compare, PAUSE);
});
document.querySelector("#examples").append(
  ...EXAMPLES.map((text) =>
    element("button", { type: "button", textContent: `${text.slice(0, 32)}…`, onclick: () => show(text) }),
  ),
);
show(EXAMPLES[0]);
