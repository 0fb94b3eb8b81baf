"""Requests: their form, and selections of tensors checked against the model and the text."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bundle.files import read
from models.bundle.manifest import Manifest
from models.trace.cells import CELL_TRACES
from service.api.schemas import parse
from service.errors import Malformed, NotInModel, TooLarge
from service.tracing.request import TensorSelection, TraceRequest
from service.tracing.selection import MAX_VALUES, select_tensors
from tests.bundles import random_weights, write_bundle


def test_the_request_names_the_field_at_fault() -> None:
    for body, named in (
        (b'{"text": 3}', "text"),
        (b'{"text": "a", "include": ["all"]}', "'write', 'units'"),
        (b'{"text": "a", "units": 0}', "units"),
        (b'{"text": "a", "tensors": {"stride": 0}}', "tensors.stride"),
        (b'{"text": "a", "tensors": {"names": ["gate"]}}', "'hidden', 'cell'"),
        (b'{"text": "a", "colour": 1}', "colour"),
        (b"{", ""),
    ):
        with pytest.raises(Malformed) as caught:
            parse(TraceRequest, body)
        assert named in caught.value.detail


def test_the_request_has_defaults() -> None:
    request = parse(TraceRequest, b'{"text": "a", "tensors": {"from": 2}}')
    assert (request.units, request.include, request.tensors.first) == (16, frozenset(), 2)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = write_bundle(tmp_path_factory.mktemp("repository"), "deep", random_weights("gru", layers=2))
    return read(folder).manifest


def test_everything_is_selected_where_nothing_is_said(manifest: Manifest) -> None:
    found = select_tensors(TensorSelection(), manifest, 7, 4)
    assert (found.names, found.layers, found.units, found.steps) == (CELL_TRACES["gru"].tensors, (0, 1), None, range(7))


def test_steps_end_with_the_text(manifest: Manifest) -> None:
    found = select_tensors(TensorSelection(first=1, to=99, stride=3, units=(4, 4, 2)), manifest, 7, 4)
    assert (list(found.steps), found.units) == ([1, 4], (4, 2))


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
def test_what_the_model_does_not_have_is_refused_by_name(
    manifest: Manifest, asked: TensorSelection, named: str
) -> None:
    with pytest.raises(NotInModel, match=named):
        select_tensors(asked, manifest, 7, 4)


@given(words=st.integers(1, 10**6), units=st.sampled_from(["top", "all"]), stride=st.integers(1, 9))
def test_a_selection_too_large_names_one_that_is_not(
    manifest: Manifest, words: int, units: Literal["top", "all"], stride: int
) -> None:
    try:
        select_tensors(TensorSelection(units=units, stride=stride), manifest, words, 4)
    except TooLarge as problem:
        numbers = [int(word) for word in problem.detail.replace(",", "").split() if word.isdigit()]
        assert numbers[0] > MAX_VALUES == numbers[1]
        most_units, enough_stride = numbers[2:]
        select_tensors(TensorSelection(units=units, stride=enough_stride), manifest, words, 4)
        if most_units:
            select_tensors(TensorSelection(units=tuple(range(most_units)), stride=stride), manifest, words, 4)
