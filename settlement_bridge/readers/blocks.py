"""XML from strangers, block by block: no entities, no network, and never more of it in memory than a block."""

from collections.abc import Collection, Iterator
from typing import IO, Any

from lxml import etree

from settlement_bridge.readers.values import NotRead

MOST_LOOSE = 10_000
"""Elements that may lie around in front of a block, beside it; settlement files have a dozen."""
LONGEST_GAP = 4 * 1024 * 1024
"""Bytes from the end of one block to the end of the next."""
_GUARDS: dict[str, Any] = {"resolve_entities": "internal", "load_dtd": False, "no_network": True, "huge_tree": False}
"""Entities are refused with the document type that would declare them; lxml asked to leave them unresolved accepts
files that break off."""


def blocks(stream: IO[bytes], names: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield name and element of every element with one of these local names, as it ends; then it is freed.

    Of a block within a block the inner one comes first, and is no longer in the outer one when that comes. Raises
    NotRead for a document type, for what is no XML, and where anything but blocks piles up.
    """
    metered = _Metered(stream)
    try:
        for _, element in etree.iterparse(metered, tag=[f"{{*}}{name}" for name in names], **_GUARDS):
            metered.gap = 0
            refuse_document_type(element)
            if _crowd(element) > MOST_LOOSE:
                raise NotRead(f"line {element.sourceline}: too many elements that a settlement file does not have")
            yield local_name(element), element
            _free(element)
    except etree.XMLSyntaxError as error:
        raise NotRead(f"line {error.lineno}: not whole as XML: {error.msg}") from error


class _Metered:
    """A stream that stops where it gives too much between two blocks."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.gap = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.gap += len(data)
        if self.gap > LONGEST_GAP:
            raise NotRead(f"{LONGEST_GAP:,} bytes without anything that a settlement file is made of")
        return data


def root(beginning: bytes) -> Any:
    """Return the root element of a document of which this is the beginning; raises NotRead like `blocks`."""
    if b"<!DOCTYPE" in beginning or b"<!ENTITY" in beginning:
        raise NotRead("it has a document type declaration, which no settlement file has")
    parser = etree.XMLPullParser(events=("start",), **_GUARDS)
    try:
        parser.feed(beginning)
        _, element = next(iter(parser.read_events()))
    except (etree.XMLSyntaxError, StopIteration) as error:
        raise NotRead("it begins like XML, but is none") from error
    refuse_document_type(element)
    return element


def refuse_document_type(element: Any) -> None:
    """Raise NotRead where the document that an element belongs to has a document type."""
    if element.getroottree().docinfo.internalDTD is not None:
        raise NotRead("it has a document type declaration, which no settlement file has")


def local_name(element: Any) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def texts(element: Any) -> dict[str, str]:
    """Return the texts of an element's children by local name; of several with one name, the last."""
    return {local_name(child): child.text or "" for child in element.iterchildren("*")}


def _free(element: Any) -> None:
    parent = element.getparent()
    element.clear()
    if parent is not None:
        parent.remove(element)


def _crowd(element: Any) -> int:
    """Return how many elements stand beside a block and in front of it, with all that is in them."""
    return sum(1 for beside in element.itersiblings(preceding=True) for _ in beside.iter())
