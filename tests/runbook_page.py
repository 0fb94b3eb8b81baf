"""Write `service/web/runbook.html`, the runbook as the monitor links to it, from `docs/runbook.md`: `make docs`."""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "docs" / "runbook.md"
PAGE = ROOT / "service" / "web" / "runbook.html"

TEXT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gatescope runbook</title>
<meta name="description" content="What to do at each alert of this Gatescope service.">
<link rel="icon" href="web/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="web/runbook.css">
<script type="module" src="web/runbook.js"></script>
</head>
<body>
<header class="page-head">
  <h1>gatescope</h1>
  <nav aria-label="Pages">
    <a href=".">explorer</a><a href="model">model</a><a href="monitor">monitor</a><a href="docs">api</a>
  </nav>
  <button id="theme" type="button">theme: system</button>
</header>
<main class="runbook">
{body}
</main>
</body>
</html>
"""


def page() -> str:
    """Return the whole page."""
    blocks = re.split(r"\n\n+|\n(?=\d+\. )", SOURCE.read_text().strip())
    return TEXT.format(body="\n".join(_joined(map(_block, blocks))))


def _block(block: str) -> str:
    """Return a heading, a step or a paragraph."""
    heading, _, rest = block.partition("\n")
    if found := re.match(r"(#+) (.*)", heading):
        level, name = len(found[1]) + 1, found[2]
        return f'<h{level} id="{name.lower()}">{_inline(name)}</h{level}>' + (f"\n{_block(rest)}" if rest else "")
    if found := re.match(r"\d+\. ", block):
        return f"<li>{_inline(block[found.end() :])}</li>"
    return f"<p>{_inline(block)}</p>"


def _joined(blocks: Iterator[str]) -> Iterator[str]:
    """Yield the blocks, the steps that follow each other in a list."""
    within = False
    for block in blocks:
        if block.startswith("<li>") != within:
            within = not within
            yield "<ol>" if within else "</ol>"
        yield block
    if within:
        yield "</ol>"


def _inline(text: str) -> str:
    words = escape(" ".join(text.split()), quote=False)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", words)


if __name__ == "__main__":
    PAGE.write_text(page())
