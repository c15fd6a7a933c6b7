"""What the documentation shows, as data for the tests that keep it true."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")


class Block(NamedTuple):
    """A fenced block."""

    language: str
    text: str


def blocks(document: Path, *languages: str) -> list[Block]:
    """Return a document's blocks in order, of some languages or of all."""
    found = [Block(**match.groupdict()) for match in _BLOCK.finditer(document.read_text(encoding="utf-8"))]
    return [block for block in found if not languages or block.language in languages]


def prose(document: Path) -> str:
    """Return a document without its blocks."""
    return _BLOCK.sub("", document.read_text(encoding="utf-8"))


def code(document: Path) -> list[str]:
    """Return everything between single backticks."""
    return _CODE.findall(prose(document))


def named(document: Path) -> str:
    """Return the document's path as a reader knows it."""
    return str(document.relative_to(ROOT))
