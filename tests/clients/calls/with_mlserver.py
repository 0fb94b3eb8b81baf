"""With MLServer's codecs, which write requests and read answers, and its command for a file of requests."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse

root = sys.argv[1]
with urlopen(f"{root}/v2/models/lstm") as answer:
    print(f"MetadataModelResponse\t{len(MetadataModelResponse.model_validate_json(answer.read()).outputs)} outputs")
tensors = [StringCodec.encode_input("text", ["a good film", "dull"])]
body = InferenceRequest(inputs=tensors).model_dump_json(exclude_none=True)
with urlopen(Request(f"{root}/v2/models/lstm/infer", body.encode())) as answer:
    label, probabilities, *_ = InferenceResponse.model_validate_json(answer.read()).outputs
print(f"StringCodec, NumpyCodec\t{StringCodec.decode_output(label)}, {NumpyCodec.decode_output(probabilities).shape}")
with TemporaryDirectory() as folder:
    asked, answered = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
    asked.write_text(f"{body}\n" * 3)
    command = [Path(sys.executable).parent / "mlserver", "infer", "-u", root.removeprefix("http://"), "-m", "lstm"]
    subprocess.run([*command, "-i", asked, "-o", answered], check=True, capture_output=True)
    print(f"mlserver infer\t{len(answered.read_text().splitlines())} answers to 3 requests")
