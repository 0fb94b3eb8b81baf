"""Numbers on the wire, and selections of tensors."""

import io
import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from service.api.problems import Problem
from service.api.schemas import parse
from service.tracing.encoders import Json, Msgpack, Npz, significant
from service.tracing.schemas import TensorSelection, TraceRequest
from service.tracing.selection import MAX_VALUES, TENSORS, select
from tests.bundles import random_weights, write_bundle

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
    assert json.loads(msgspec.json.encode(Json().numbers("x", np.array([1.0, np.nan, np.inf])))) == [1.0, None, None]


@given(FLOATS)
def test_msgpack_holds_the_very_bits(array: np.ndarray) -> None:
    packed = msgspec.msgpack.decode(msgspec.msgpack.encode(Msgpack().numbers("x", array)))
    assert packed["dtype"] == "<f4"
    np.testing.assert_array_equal(np.frombuffer(packed["data"], "<f4").reshape(packed["shape"]), array)


def test_the_request_names_the_field_at_fault() -> None:
    for body, named in (
        (b'{"text": 3}', "text"),
        (b'{"text": "a", "include": ["all"]}', "'deep', 'memory'"),
        (b'{"text": "a", "units": 0}', "units"),
        (b'{"text": "a", "tensors": {"stride": 0}}', "tensors.stride"),
        (b'{"text": "a", "tensors": {"names": ["gate"]}}', "'hidden', 'cell'"),
        (b'{"text": "a", "colour": 1}', "colour"),
        (b"{", ""),
    ):
        with pytest.raises(Problem) as caught:
            parse(TraceRequest, body)
        assert caught.value.status == 400
        assert named in caught.value.detail


def test_the_request_has_defaults() -> None:
    request = parse(TraceRequest, b'{"text": "a", "tensors": {"from": 2}}')
    assert (request.units, request.include, request.tensors.first) == (16, frozenset(), 2)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory):
    from models.bundle.files import read

    folder = write_bundle(tmp_path_factory.mktemp("repository"), "deep", random_weights("gru", layers=2))
    return read(folder).manifest


def test_everything_is_selected_where_nothing_is_said(manifest) -> None:
    found = select(TensorSelection(), manifest, 7, 4)
    assert (found.names, found.layers, found.units, found.steps) == (TENSORS["gru"], (0, 1), None, range(7))
    assert found.unit_indices(np.array([3, 1])) == [3, 1]


def test_steps_end_with_the_text(manifest) -> None:
    found = select(TensorSelection(first=1, to=99, stride=3, units=(4, 4, 2)), manifest, 7, 4)
    assert (list(found.steps), found.unit_indices(np.array([0]))) == ([1, 4], [4, 2])


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (TensorSelection(names=("cell",)), "reset, update, candidate, hidden"),
        (TensorSelection(layers=(2,)), "0 to 1"),
        (TensorSelection(units=(10,)), "0 to 9"),
        (TensorSelection(units=()), "empty"),
        (TensorSelection(first=7), "7 words"),
        (TensorSelection(first=3, to=3), "from 3 to 3"),
    ],
)
def test_what_the_model_does_not_have_is_refused_by_name(manifest, asked: TensorSelection, named: str) -> None:
    with pytest.raises(Problem, match=named) as caught:
        select(asked, manifest, 7, 4)
    assert caught.value.status == 422


@given(words=st.integers(1, 10**6), units=st.sampled_from(["top", "all"]), stride=st.integers(1, 9))
def test_a_selection_too_large_names_one_that_is_not(manifest, words: int, units, stride: int) -> None:
    try:
        select(TensorSelection(units=units, stride=stride), manifest, words, 4)
    except Problem as problem:
        assert problem.status == 413
        numbers = [int(word) for word in problem.detail.replace(",", "").split() if word.isdigit()]
        assert numbers[0] > MAX_VALUES == numbers[1]
        most_units, enough_stride = numbers[2:]
        select(TensorSelection(units=units, stride=enough_stride), manifest, words, 4)
        if most_units:
            select(TensorSelection(units=tuple(range(most_units)), stride=stride), manifest, words, 4)


def test_npz_holds_the_arrays_and_the_rest() -> None:
    written = Npz()
    assert written.numbers("running.p", np.array([0.5, 0.25])) == "running.p"
    archive = np.load(io.BytesIO(written.encode({"running": {"p": "running.p"}})))
    assert json.loads(archive["summary"].tobytes()) == {"running": {"p": "running.p"}}
    assert archive["running.p"].tolist() == [0.5, 0.25]
