"""The modules of a page, sent as one script, are the same program."""

import re
import subprocess
from pathlib import Path
from shutil import which

import pytest

from service.api.assets import SCRIPTS, WEB, assets, script


def test_a_script_holds_every_module_that_a_page_has() -> None:
    panels = {path.relative_to(WEB).as_posix() for path in (WEB / "js" / "panels").glob("*.js")}
    modules = set(re.findall(rb'^modules\["([^"]+)"\] = ', assets()["explorer.js"], re.MULTILINE))
    assert {path.encode() for path in panels} < modules
    for name in SCRIPTS:
        assert not re.search(rb"^(import|export)\b", assets()[name], re.MULTILINE)


@pytest.mark.parametrize("line", ['import x from "./b.js";', "export { a };", "export default a;", "export let a = 1;"])
def test_what_is_not_understood_is_refused_by_name(line: str) -> None:
    with pytest.raises(ValueError, match=r"^a\.js: '(import|export)"):
        script({"a.js": line.encode(), "b.js": b""}, "a.js")


def test_names_do_not_meet_and_modules_run_once_in_order(tmp_path: Path) -> None:
    node = which("node")
    if node is None:
        pytest.skip("no Node.js here; the browser tests run the real scripts")
    files = {
        "main.js": b'import { value as one } from "./x/one.js";\nimport * as two from "./two.js";\n'
        b"const panel = await import(`./x/${'one'}.js`);\n"
        b"console.log(one, two.value(), panel.value, globalThis.runs);",
        "x/one.js": b"globalThis.runs = (globalThis.runs ?? 0) + 1;\nexport const value = 1;",
        "two.js": b'import { value as other } from "./x/one.js";\nexport function value() {\n  return other + 1;\n}',
    }
    (tmp_path / "all.mjs").write_text(script(files, "main.js"))
    run = subprocess.run([node, tmp_path / "all.mjs"], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1", "2", "1", "1"]
