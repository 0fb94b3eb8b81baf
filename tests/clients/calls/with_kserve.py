"""With KServe's client over REST, in both of its protocols."""

import asyncio
import sys

from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

root = sys.argv[1]


async def main() -> None:
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    ready = (
        await client.is_server_live(root),
        await client.is_server_ready(root),
        await client.is_model_ready(root, "lstm"),
    )
    print(f"is_server_live, is_server_ready, is_model_ready\t{ready}")
    tensor = InferInput("text", [2], "BYTES", ["a good film", "dull"])
    said = await client.infer(root, InferRequest(model_name="lstm", infer_inputs=[tensor]), model_name="lstm")
    print(f"infer, protocol v2\t{next(output.data for output in said.outputs if output.name == 'label')}")
    first = InferenceRESTClient(RESTConfig(protocol="v1"))
    said = await first.infer(root, {"instances": ["a good film"]}, model_name="lstm")
    print(f"infer, protocol v1\t{said['predictions'][0]['label']}")


asyncio.run(main())
