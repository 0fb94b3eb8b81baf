"""Pages that several studies write: each has its own section, from its heading to the next."""

import re
from pathlib import Path


def write_section(page: Path, heading: str, text: str) -> None:
    """Put `text` under the line `heading` of `page`, in place of what stood there, or at the end."""
    written = page.read_text("utf-8") if page.is_file() else ""
    parts = [part.rstrip() for part in re.split(r"(?m)^(?=##? )", written) if part.strip()]
    headings, own = [part.partition("\n")[0] for part in parts], f"{heading}\n\n{text.strip()}"
    if heading in headings:
        parts[headings.index(heading)] = own
    else:
        parts.append(own)
    page.write_text("\n\n".join(parts) + "\n", "utf-8")
