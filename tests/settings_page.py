"""Write `docs/settings.md` from the settings' own definitions: `make docs`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from export.settings import ExportSettings, default_of
from service.settings import Settings

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"

TEXT = """# Settings

*Made from the code by `make docs`.*

A setting is a flag (`--max-words 512`), a variable of the environment (`GATESCOPE_MAX_WORDS=512`) or a line of a TOML
file (`max_words = 512`). The flag wins, then the environment, then the file. Sizes are in bytes, times in seconds.

## Serving

`gatescope serve` reads the file that `--config` or `GATESCOPE_CONFIG` names. Its flags are the settings that are used
most, see `gatescope serve --help`; the others come from the environment or the file.

{serve}

## Training and export

`gatescope export` reads `gatescope.toml` in the working folder. Every setting has a flag.

{export}
"""


def page() -> str:
    """Return the whole page."""
    serve = _table((name, _shown(default), help_) for name, default, help_ in _service_settings())
    export = _table((name, _shown(default), help_) for name, default, help_ in _export_settings())
    return TEXT.format(serve=serve, export=export)


def _service_settings() -> Iterator[tuple[str, Any, str]]:
    for name, field in Settings.model_fields.items():
        yield name, field.default, field.description or ""


def _export_settings() -> Iterator[tuple[str, Any, str]]:
    for name, field in ExportSettings.model_fields.items():
        yield name, default_of(name), field.description or ""


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    lines = [f"| `{name}` | {default} | {help_.replace('|', chr(92) + '|')} |" for name, default, help_ in rows]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *lines])


def _shown(default: Any) -> str:
    """Return a default as a TOML file has it, nothing where there is none."""
    if default is None or default == ():
        return ""
    if isinstance(default, bool | int | float):
        return f"`{json.dumps(default)}`"
    text = ",".join(default) if isinstance(default, tuple) else str(default)
    return "`" + text.replace("|", "\\|") + "`"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
