"""`docs/metrics.md` lists every metric that the service has."""

from tests.service.conftest import Running
from tests.service.metrics.documented import PAGE, page


def test_the_page_is_that_of_the_code() -> None:
    assert PAGE.read_text() == page(), "make it anew: python -m tests.service.metrics.documented"


def test_a_running_service_has_no_other_metric(served: Running) -> None:
    names = {line.split()[2] for line in served.client.get("/metrics").text.splitlines() if line.startswith("# TYPE")}
    own = {name for name in names if name.startswith(("gatescope_", "http_server_"))}
    assert own and not {name for name in own if f"`{name}`" not in PAGE.read_text()}
