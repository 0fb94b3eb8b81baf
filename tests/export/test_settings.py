import pytest

from export.settings import ExportSettings


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ('"bad, very",good', ("bad, very", "good")),
        ('["bad, very", "good"]', ("bad, very", "good")),
        ("[/neg], [pos]", ("[/neg]", "[pos]")),
        ("[1, 2]", ("1", "2")),
    ],
)
def test_a_label_may_hold_commas_and_brackets(given: str, labels: tuple[str, ...]) -> None:
    assert ExportSettings.model_validate({"labels": given}).labels == labels
