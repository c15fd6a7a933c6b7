"""XML from strangers, block by block: no entities, no network, and never more of it in memory than a block."""

from collections.abc import Collection, Iterator
from typing import IO, Any

from lxml import etree

from settlement_bridge.readers.values import NotRead

MOST_LOOSE = 4 * 1024 * 1024
"""What may lie around in front of a block, beside it or what it is in, in characters; settlement files have some
thousands, as LOOSE_ELEMENT counts them."""
LOOSE_ELEMENT = 400
"""Characters that an element counts for besides those in it, being about what it takes in memory."""
LONGEST_GAP = 4 * 1024 * 1024
"""Bytes from the end of one block to the end of the next."""
_GUARDS: dict[str, Any] = {"resolve_entities": "internal", "load_dtd": False, "no_network": True, "huge_tree": False}
"""Entities are refused with the document type that would declare them; lxml asked to leave them unresolved accepts
files that break off."""
_UNREAD: dict[str, Any] = {"remove_comments": True, "remove_pis": True}


def blocks(stream: IO[bytes], names: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield name and element of every element with one of these local names, as it ends; then it is freed.

    Of a block within a block the inner one comes first, and is no longer in the outer one when that comes. Raises
    NotRead for a document type, for what is no XML, and where anything but blocks piles up.
    """
    metered, loose = _Metered(stream), _Loose()
    try:
        for _, element in etree.iterparse(metered, tag=[f"{{*}}{name}" for name in names], **_UNREAD, **_GUARDS):
            metered.gap = 0
            refuse_document_type(element)
            if loose.size_before(element) > MOST_LOOSE:
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


class _Loose:
    """Measures what piles up in front of blocks; what was measured for the block before is not measured again."""

    def __init__(self) -> None:
        self._known: list[tuple[Any, int]] = []
        """By depth: the element behind which the last block began, and the size of it and all before it."""

    def size_before(self, block: Any) -> int:
        """Return the size of what stands in front of a block and of every element that it is in."""
        levels = [*reversed([*block.iterancestors()]), block]
        del self._known[len(levels) :]
        self._known += [(None, 0)] * (len(levels) - len(self._known))
        for depth, element in enumerate(levels):
            if element.getprevious() is not self._known[depth][0]:
                self._known[depth] = element.getprevious(), self._measured(element, *self._known[depth])
        return sum(size for _, size in self._known)

    @staticmethod
    def _measured(element: Any, known: Any, size_of_known: int) -> int:
        size = 0
        for beside in element.itersiblings(preceding=True):
            if beside is known:
                return size + size_of_known
            size += sum(map(_size, beside.iter()))
        return size


def _size(element: Any) -> int:
    texts_of_it = (element.text, element.tail, *element.nsmap.values(), *element.keys(), *element.values())
    return LOOSE_ELEMENT + sum(len(text) for text in texts_of_it if text)


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
