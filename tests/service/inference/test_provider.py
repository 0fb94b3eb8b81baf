import onnxruntime as ort
import pytest

from models.network.onnx_session import Cuda
from service.inference.provider import CUDA, provider_of
from service.process import logs
from service.settings import InvalidSettings, Settings

HAS_CUDA = CUDA in ort.get_available_providers()
without_cuda = pytest.mark.skipif(HAS_CUDA, reason="this ONNX Runtime has CUDA")


def test_what_is_asked_for_computes() -> None:
    assert provider_of(Settings()) == provider_of(Settings(provider="native")) == "native"
    assert provider_of(Settings(provider="onnxruntime")) == "onnxruntime"


@without_cuda
def test_cuda_that_is_missing_is_refused_by_name() -> None:
    with pytest.raises(InvalidSettings, match=r"provider.*CUDA.*gatescope\[gpu\]"):
        provider_of(Settings(provider="cuda"))


@without_cuda
def test_or_replaced_by_the_cpu_where_a_setting_says_so_and_that_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    assert provider_of(Settings(provider="cuda", provider_fallback=True)) == "native"
    assert "CUDA" in capfd.readouterr().err


def test_loops_that_were_not_built_are_replaced_by_onnx_runtime_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("service.inference.provider.IMPORT_ERROR", "no module named so")
    logs.configure("info", "json")
    assert provider_of(Settings()) == "onnxruntime"
    assert "no module named so" in capfd.readouterr().err
    with pytest.raises(InvalidSettings, match=r"provider: the compiled loops were not built .* auto"):
        provider_of(Settings(provider="native"))


@pytest.mark.skipif(not HAS_CUDA, reason="this ONNX Runtime has no CUDA")
def test_cuda_is_used_where_it_is() -> None:
    assert provider_of(Settings(provider="cuda")) == Cuda()
