"""How the arrays of a trace are written, in each of its forms."""

import io
import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from models.trace.running import Running
from service.tracing.encoders import halved, listed, packed, significant, to_npz

FLOATS = arrays(np.float32, array_shapes(max_dims=3), elements=st.floats(width=32, min_value=-1e6, max_value=1e6))


@given(FLOATS)
def test_json_keeps_six_significant_digits_and_writes_no_more_than_seven(array: np.ndarray) -> None:
    rounded = significant(array)
    exact = array.astype(np.float64)
    assert np.all(np.abs(rounded - exact) <= np.maximum(5e-6 * np.abs(exact), 1e-22))
    for value in rounded.ravel():
        digits = f"{abs(value):.16e}".split("e")[0]
        assert float(digits) == pytest.approx(round(float(digits), 6), abs=1e-12)


def test_json_has_null_where_a_number_is_not_finite() -> None:
    assert json.loads(msgspec.json.encode(listed(np.array([1.0, np.nan, np.inf])))) == [1.0, None, None]


@given(FLOATS)
def test_msgpack_holds_the_very_bits(array: np.ndarray) -> None:
    found = msgspec.msgpack.decode(msgspec.msgpack.encode(packed(array)))
    assert found["dtype"] == "<f4"
    np.testing.assert_array_equal(np.frombuffer(found["data"], "<f4").reshape(found["shape"]), array)


def test_large_arrays_alone_are_halved() -> None:
    large = np.random.default_rng(0).uniform(-1, 1, (100, 100)).astype(np.float32)
    assert [halved(array).dtype for array in (large, large[1:])] == ["<f2", "<f4"]
    back = np.frombuffer(halved(large).data, "<f2").reshape(large.shape)
    np.testing.assert_allclose(back, large, rtol=5e-4, atol=1e-7)


def test_npz_holds_the_arrays_and_the_rest() -> None:
    running = Running(np.array([1.0, -1.0]), np.array([0.5, 0.25]))
    trace: Any = {"truncated": False, "running": running}
    archive = np.load(io.BytesIO(to_npz(trace)))
    assert json.loads(archive["summary"].tobytes()) == {
        "truncated": False,
        "running": {"logit": "running.logit", "p": "running.p"},
    }
    assert archive["running.p"].tolist() == [0.5, 0.25]
