import re

import pytest

from tests.service.conftest import Running


def test_the_page_loads_only_what_its_policy_allows(served: Running) -> None:
    page = served.client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    loaded = re.findall(r'(?:src|href)="(web/[^"]+)"', page.text)
    assert loaded
    for path in loaded:
        assert served.client.get(f"/{path}").status_code == 200
    assert not re.search(r"<style|<script>|style=|https?://|\son\w+=", page.text)


def test_what_comes_before_the_first_trace_is_light(served: Running) -> None:
    page = served.client.get("/", headers={"Accept-Encoding": "gzip"})
    loaded = re.findall(r'(?:src|href)="(web/[^"]+)"', page.text)
    sizes = [
        int(served.client.head(f"/{path}", headers={"Accept-Encoding": "gzip"}).headers["content-length"])
        for path in ["", *loaded]
    ]
    assert sum(sizes) < 75_000, sizes


@pytest.mark.parametrize("path", ["/web/", "/web/none.js", "/web/../app.py", "/web/%2e%2e/app.py", "/web//etc/passwd"])
def test_nothing_else_is_served_as_a_file(served: Running, path: str) -> None:
    assert served.client.get(path).status_code == 404
