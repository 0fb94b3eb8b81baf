"""What computes a bundle is what was asked for, and has repeated the golden answers."""

from dataclasses import replace

import pytest

from models.bundle.files import Bundle, InvalidBundle
from models.bundle.open_session import Provider, open_session
from models.network.compiled_session import CompiledSession
from models.network.equations import CELLS
from models.network.onnx_session import OnnxSession
from tests.bundles import random_weights


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("provider", "kind"), [("native", CompiledSession), ("onnxruntime", OnnxSession)])
def test_what_computes_is_what_was_asked_for(
    bundles: dict[str, Bundle], cell: str, provider: Provider, kind: type
) -> None:
    assert isinstance(open_session(bundles[cell], provider), kind)


def test_loops_that_do_not_repeat_the_golden_answers_are_not_opened(
    bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = random_weights("lstm", seed=99)
    monkeypatch.setattr("models.bundle.open_session.CompiledSession", lambda _: CompiledSession(other))
    with pytest.raises(InvalidBundle, match="golden"):
        open_session(bundles["lstm"])


@pytest.mark.parametrize("content", [b"", b"\x08", b"no graph"])
def test_a_graph_that_is_none_is_refused_by_name(bundles: dict[str, Bundle], content: bytes) -> None:
    bundle = replace(bundles["lstm"], step_graph=content)
    with pytest.raises(InvalidBundle, match=r"step\.onnx: .* while loading"):
        open_session(bundle)
