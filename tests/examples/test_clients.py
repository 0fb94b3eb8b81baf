"""The example clients run against a service."""

import subprocess
import sys
from pathlib import Path

from service.settings import Settings
from tests.service.conftest import running

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_httpx_example_prints_what_the_service_says(repository: Path) -> None:
    with running(Settings(repository=repository)) as served:
        command = [sys.executable, str(EXAMPLES / "http_client.py"), str(served.client.base_url)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        text = "Not bad at all, and the ending is amazing."
        assert said[0].startswith(served.predict(text).json()["label"])
        assert len(said) == 3 and said[2].endswith("after 11 words")
