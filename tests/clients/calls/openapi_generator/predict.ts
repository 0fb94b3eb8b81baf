// With the TypeScript client that openapi-generator has made of /schema.
import { Configuration, DefaultApi } from "./client";

const client = new DefaultApi(new Configuration({ basePath: process.argv[2] }));
client
  .predict({ textPart: { text: "An amazing cast." } })
  .then((said) => console.log(`TypeScript: predict\t${said.label} after ${said.words} words`));
