"""What a step graph is made of, read from its bytes: nothing in it may loop, branch, call, or read another file.

The service does not have the `onnx` package, and ONNX Runtime runs whatever a graph says. Field numbers are those of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; the encoding is https://protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5

_GRAPH = 7

_PARTS = {
    ("model", _GRAPH): "graph",
    ("graph", 1): "node",
    ("graph", 5): "tensor",
    ("node", 5): "attribute",
    ("attribute", 5): "tensor",
    ("attribute", 10): "tensor",
}
_REFUSED = {
    ("model", 20): "how to train it",
    ("model", 25): "functions of its own",
    ("graph", 15): "sparse tensors",
    ("attribute", 6): "a loop or a branch",
    ("attribute", 11): "loops or branches",
    ("attribute", 22): "a sparse tensor",
    ("attribute", 23): "sparse tensors",
    ("tensor", 13): "weights outside of the file",
    ("tensor", 14): "weights outside of the file",
}
_DOMAIN = ("node", 7)

MOST_FIELDS = 100_000
"""Fields of a graph that are looked at; sixteen layers take a few thousand."""


def check_plain_graph(model: bytes) -> None:
    """Raise `ValueError` where a model holds anything but operators of the standard domain and their constants."""
    for count, (kind, number, content) in enumerate(_walk("model", memoryview(model))):
        if what := _REFUSED.get((kind, number)):
            raise ValueError(f"the graph holds {what}")
        if (kind, number) == _DOMAIN and bytes(content) not in (b"", b"ai.onnx"):
            raise ValueError(f"the graph holds operators of {bytes(content)!r}, outside of ONNX's standard")
        if count == MOST_FIELDS:
            raise ValueError(f"the graph has more than {MOST_FIELDS} parts")
    if all(number != _GRAPH for number, _ in _fields(memoryview(model))):
        raise ValueError("not an ONNX graph")


def _walk(kind: str, message: memoryview) -> Iterator[tuple[str, int, memoryview]]:
    """Yield every field of a message and of the messages in it: which kind it is of, its number, its content."""
    for number, content in _fields(message):
        yield kind, number, content
        if inner := _PARTS.get((kind, number)):
            yield from _walk(inner, content)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the number of each field of a message and its content: none, but for fields of a given length."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        length = {_FIXED_64: 8, _FIXED_32: 4}.get(key & 7, 0)
        if key & 7 in (_VARINT, _BYTES):
            value, at = _varint(message, at)
            length = value if key & 7 == _BYTES else 0
        elif not length:
            raise ValueError("not an ONNX graph")
        if at + length > end:
            raise ValueError("not an ONNX graph: it ends too early")
        yield key >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return the integer that begins at `at`, and where it ends: seven bits a byte, the last one below 128."""
    value = 0
    for shift in range(0, 70, 7):
        if at == len(message):
            break
        byte, at = message[at], at + 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("not an ONNX graph: it ends too early")
