// With the types that openapi-typescript has made of `/schema`: compiled by tsc, run by node.
import type { components, paths } from "./schema";

const root = process.argv[2];
const path: keyof paths = "/v1/predict";
const body: components["schemas"]["TextPart"] = { text: "An amazing cast.", return_state: false };

async function main(): Promise<void> {
  const answer = await fetch(`${root}${path}`, { method: "POST", body: JSON.stringify(body) });
  const said = (await answer.json()) as components["schemas"]["PartPrediction"];
  console.log(`POST ${path}\t${said.label} after ${said.words} words`);
}

main();
