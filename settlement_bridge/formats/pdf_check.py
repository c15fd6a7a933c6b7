"""Tells whether a PDF is whole, as a reader goes about it: from the end to the table of objects, then each object."""

import re
import zlib
from pathlib import Path

from settlement_bridge.errors import RenderingRefused

_END = re.compile(rb"trailer\s*<<(.*)>>\s*startxref\s+([0-9]+)\s+%%EOF\s*\Z", re.DOTALL)
_TABLE = re.compile(rb"xref\s+0 ([0-9]+)\s+((?:[0-9]{10} [0-9]{5} [nf][\r\n ]{1,2})+)")
_STREAM = re.compile(rb"/Length ([0-9]+).*?>>\s*stream\r?\n", re.DOTALL)


def check_pdf(path: Path) -> None:
    """Raise RenderingRefused unless every object is where the table says, every stream unpacks and there are pages."""
    try:
        _check(path.read_bytes())
    except (ValueError, zlib.error) as error:
        raise RenderingRefused(f"{path}: {error}") from error


def _check(document: bytes) -> None:
    end = _END.search(document, max(0, len(document) - 1024))
    table = end and _TABLE.match(document, int(end[2]))
    if not document.startswith(b"%PDF-1.") or not end or not table or b"/Root" not in end[1]:
        raise ValueError("not a whole PDF document")
    offsets = [int(entry) for entry in re.findall(rb"([0-9]{10}) [0-9]{5} n", table[2])]
    if len(offsets) + 1 != int(table[1]):
        raise ValueError(f"its table holds {len(offsets)} objects, not {int(table[1]) - 1}")
    objects = [_object(document, number, offset) for number, offset in enumerate(offsets, start=1)]
    pages = sum(1 for each in objects if re.match(rb"<<.*?/Type /Page\b(?!s)", each, re.DOTALL))
    counted = [int(found[1]) for each in objects if (found := re.search(rb"/Count ([0-9]+)", each))]
    if counted != [pages] or not pages:
        raise ValueError(f"it says {counted} pages and has {pages}")


def _object(document: bytes, number: int, offset: int) -> bytes:
    """Return an object's dictionary; ValueError where there is none, zlib.error where its stream is damaged."""
    start = re.compile(rb"%d 0 obj\s*" % number).match(document, offset)
    end = document.find(b"endobj", offset)
    if not start or end < 0:
        raise ValueError(f"object {number} is not where the table says")
    stream = _STREAM.search(document, start.end(), end)
    if not stream:
        return document[start.end() : end]
    content = document[stream.end() : stream.end() + int(stream[1])]
    if b"/FlateDecode" in document[start.end() : stream.start() + 200]:
        zlib.decompress(content)
    return document[start.end() : stream.start()]
