"""Bodies of more values than a request can have are refused before anything is made of them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.bounded_json import MOST_VALUES, check_values
from service.errors import TooLarge
from tests.service.conftest import Running

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from(list('a,"\\\\{}[]:é')), max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=40,
)


def commas(value: Any) -> int:
    """The commas of JSON that stand in no string: one less than there are values, in everything that has some."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list):
        return 0
    return max(0, len(value) - 1) + sum(map(commas, value))


@given(value=VALUES, most=st.integers(1, 12), escaped=st.booleans())
def test_what_stands_in_strings_is_not_counted(value: Any, most: int, escaped: bool) -> None:
    content = json.dumps(value, ensure_ascii=escaped).encode()
    if commas(value) < most:
        check_values(content, most)
    else:
        with pytest.raises(TooLarge, match=f"at most {most} values"):
            check_values(content, most)


def test_a_text_may_have_any_number_of_commas(served: Running) -> None:
    assert served.predict("a good, dull film, " * 5_000).json()["truncated"]


TENSOR = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a good film"]}
MANY = 200_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/predict", {"text": "a"} | {f"k{number}": 1 for number in range(MANY)}),
        ("/v1/trace", {"text": "a", "include": [1] * MANY}),
        ("/v1/compare", {f"k{number}": 1 for number in range(MANY)}),
        ("/v1/batch", [[1] * MANY]),
        ("/v2/models/lstm/infer", {"inputs": [TENSOR], "outputs": [1] * MANY}),
        ("/v2/models/lstm/infer", {"inputs": [TENSOR | {"parameters": dict.fromkeys(map(str, range(MANY)), None)}]}),
        ("/v2/models/lstm/infer", {"inputs": [TENSOR | {"shape": [-1] * MANY}]}),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_hundreds_of_thousands_of_values_are_refused(served: Running, path: str, body: Any) -> None:
    response = served.client.post(path, json=body)
    assert response.status_code == 413
    assert "values" in response.text and len(response.content) < 1_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/predict", {"text": "a"} | {f"k{number}": 1 for number in range(MOST_VALUES - 10)}),
        ("/v2/models/lstm/infer", {"inputs": [TENSOR], "outputs": [{"name": "label"}] * 3_000}),
        ("/v2/models/lstm/infer", {"inputs": [TENSOR] * 1_000}),
        ("/v2/models/lstm/infer", {"inputs": [TENSOR | {"parameters": dict.fromkeys(map(str, range(9_999)), None)}]}),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_is_wrong_many_times_is_said_in_a_line(served: Running, path: str, body: Any) -> None:
    response = served.client.post(path, json=body)
    assert response.status_code == 400
    assert len(response.content) < 1_000


def test_a_row_of_a_batch_with_many_wrong_fields_fails_alone(served: Running) -> None:
    rows = ["a good film", {"text": "a"} | {f"k{number}": 1 for number in range(9_000)}]
    good, bad = served.client.post("/v1/batch", json=rows).json()
    assert good["words"] == 3
    assert bad["error"]["detail"] == "9000 fields are wrong or not known"
