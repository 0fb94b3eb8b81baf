"""With Triton's client over HTTP: everything that it asks of a model, in JSON and binary."""

import sys

import numpy as np
import tritonclient.http as triton

client = triton.InferenceServerClient(sys.argv[1].removeprefix("http://"))


def tensor(*texts: str, binary: bool = True) -> list[triton.InferInput]:
    made = triton.InferInput("text", [len(texts)], "BYTES")
    return [made.set_data_from_numpy(np.array([text.encode() for text in texts], object), binary_data=binary)]


assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("lstm", "1")
print(f"get_server_metadata\t{len(client.get_server_metadata()['extensions'])} extensions")
print(f"get_model_metadata\t{len(client.get_model_metadata('lstm')['outputs'])} outputs")
print(f"get_model_config\tmax_batch_size {client.get_model_config('lstm')['max_batch_size']}")
print(f"get_model_repository_index\t{[model['name'] for model in client.get_model_repository_index()]}")
for binary in (True, False):
    outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("label", "probabilities")]
    answer = client.infer("lstm", tensor("a good film", "dull", binary=binary), outputs=outputs, timeout=1_000_000)
    said = [value if isinstance(value, str) else value.decode() for value in answer.as_numpy("label")]
    print(f"infer, {'binary' if binary else 'JSON'}\t{said}, probabilities {answer.as_numpy('probabilities').shape}")
first = [triton.InferRequestedOutput("probabilities", class_count=1)]
print(
    f"infer, class_count=1\t{client.infer('lstm', tensor('a good film'), outputs=first).as_numpy('probabilities')[0]}"
)
for number, text in enumerate(("This film is n", "ot bad")):
    said = client.infer("lstm", tensor(text), sequence_id=9, sequence_start=number == 0, sequence_end=number == 1)
print(f"infer, sequence_id in two requests\t{said.as_numpy('words')[0]} words")
packed = client.infer("lstm", tensor("good"), request_compression_algorithm="gzip")
print(f"infer, request_compression_algorithm=gzip\t{packed.as_numpy('label')[0].decode()}")
found = client.get_inference_statistics("lstm")["model_stats"][0]
print(f"get_inference_statistics\t{found['inference_count']} reviews in {found['execution_count']} runs")
print(f"get_trace_settings\t{client.get_trace_settings()['trace_level']}")
print(f"get_log_settings\tlog_info {client.get_log_settings()['log_info']}")
try:
    client.infer("lstm", tensor("good"), priority=3)
except triton.InferenceServerException as error:
    print(f"infer, priority=3\trefused: {error.message()}")
