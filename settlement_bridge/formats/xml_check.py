"""Validation of finished XML files against one of the project's schemas: side by side, in bounded memory."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, NamedTuple

from lxml import etree

from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.schemas import schema_path

PIECE = 512 * 1024
"""Bytes of rows validated at a time, about a thousand rows; a file no larger is validated as it is."""
_FRAME = 64 * 1024
_LONGEST_PIECE = 16 * PIECE
_WORKERS = min(4, os.cpu_count() or 1)


class XmlCheck:
    """Validates files of one format; safe to call from several threads.

    A large file is cut into pieces before some of its rows, each piece is put between the file's own head (all
    before the first row) and tail (all behind the last), and these small documents are validated side by side.

    Only "valid" is ever concluded from them; if one is refused, or the file is not laid out as this project writes
    it, the whole file is read in one go, and that decides and words the refusal. So a wrong refusal cannot happen.
    Nor can a wrong acceptance; let every head + piece + tail be valid:

    - Markup cannot reach across a cut. The head starts with the declaration and root tag that this project writes
      and has no further `<!` or `<?`, so there is no document type, and it ends within no comment, CDATA section or
      processing instruction; within a tag it cannot end either, since `<` follows. One of those opened in a piece
      must end in that piece, for the tail holds no `-->`, `]]>` or `?>`. So each piece is read in the whole file as it
      was read by itself.
    - Names mean the same. `xmlns` stands nowhere but in the root tag.
    - The open elements are the same at every cut. A piece begins with a row and, but for the last, ends behind one
      (the end of the last row is where the tail begins). The schema is not recursive and knows rows in one place
      only, so there is one path from the root to where a row may stand, and all pieces begin and end on it.
    - So is what may follow. A content model says "one row or more" there: behind a row it is in the same state
      whether others came before or not, and every element above is still within the same child. Nothing else in
      the schema looks further than one element: it has no keys, no references, no types chosen by `xsi:type`.
    """

    def __init__(self, schema: str, namespace: str, opening: bytes, row: str) -> None:
        """`opening` is how every file starts, to the end of the root tag; `row` the name of the element to cut at."""
        self._namespace = namespace
        self._opening = opening
        self._row = row
        self._row_start = f"<{row}>".encode()
        self._row_end = f"</{row}>".encode()
        self._validator = _Validator(schema)

    def __call__(self, path: Path) -> None:
        """Raise RenderingRefused, naming file, line and reason, unless the file at `path` is valid."""
        with path.open("rb") as file:
            if not self.valid_in_pieces(file):
                file.seek(0)
                self.check_whole(file)

    def valid_in_pieces(self, file: BinaryIO) -> bool:
        """Tell whether the file is surely valid; False when it is not, or not laid out so that this can be told."""
        size = file.seek(0, os.SEEK_END)
        if size <= PIECE:
            file.seek(0)
            document = file.read()
            return document.startswith(self._opening) and self._validator.accepts(document)
        frame = self._frame(file, size)
        if frame is None:
            return False

        def valid(piece: bytes) -> bool:
            return b"xmlns" not in piece and self._validator.accepts(frame.head + piece + frame.tail)

        try:
            return _all_side_by_side(valid, self._pieces(file, len(frame.head), size - len(frame.tail)))
        except _NoPlaceToCut:
            return False

    def check_whole(self, file: BinaryIO) -> None:
        """Read the file in one go, forgetting each row behind it; raises RenderingRefused at what is wrong."""
        try:
            events = etree.iterparse(
                file,
                tag="{*}" + self._row,
                schema=self._validator.schema,
                load_dtd=False,
                no_network=True,
                resolve_entities=False,
                huge_tree=False,
            )
            for _, row in events:
                _forget(row)
        except etree.XMLSyntaxError as error:
            reason = str(error.msg).replace(f"{{{self._namespace}}}", "")
            raise RenderingRefused(f"{file.name}, line {error.lineno}: {reason}") from None

    def _frame(self, file: BinaryIO, size: int) -> "_Frame | None":
        file.seek(0)
        head, row, _ = file.read(_FRAME).partition(self._row_start)
        file.seek(size - _FRAME)
        _, last_row, tail = file.read().rpartition(self._row_end)
        inside = head[len(self._opening) :]
        plain = (
            row
            and last_row
            and head.startswith(self._opening)
            and not any(mark in inside for mark in (b"<!", b"<?", b"xmlns"))
            and not any(mark in tail for mark in (b"-->", b"]]>", b"?>", b"xmlns"))
        )
        return _Frame(head, tail) if plain else None

    def _pieces(self, file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
        file.seek(start)
        piece = b""
        for offset in range(start, end, PIECE):
            piece += file.read(min(PIECE, end - offset))
            cut = self._last_cut(piece)
            if cut:
                yield piece[:cut]
                piece = piece[cut:]
            if len(piece) > _LONGEST_PIECE:
                raise _NoPlaceToCut
        yield piece

    def _last_cut(self, piece: bytes) -> int:
        """Return where the last row starts that directly follows another; 0 if there is none."""
        row = piece.rfind(self._row_start)
        while row > 0 and not piece[max(0, row - 80) : row].rstrip().endswith(self._row_end):
            row = piece.rfind(self._row_start, 0, row)
        return max(row, 0)


class _Frame(NamedTuple):
    head: bytes
    tail: bytes


class _NoPlaceToCut(Exception):
    """For many rows none follows another directly."""


class _Validator(threading.local):
    """A compiled schema and a parser for each thread, since neither promises to serve two at once."""

    def __init__(self, schema: str) -> None:
        self.schema = etree.XMLSchema(etree.parse(str(schema_path(schema))))
        self._parser = etree.XMLParser(
            schema=self.schema, load_dtd=False, no_network=True, resolve_entities=False, huge_tree=False
        )

    def accepts(self, document: bytes) -> bool:
        try:
            etree.fromstring(document, self._parser)
        except etree.XMLSyntaxError:
            return False
        return True


def _all_side_by_side(valid: Callable[[bytes], bool], pieces: Iterable[bytes]) -> bool:
    """Ask `valid` of every piece in a few threads (lxml lets go of the interpreter), holding only a few pieces."""
    waiting: deque[Future[bool]] = deque()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for piece in pieces:
            waiting.append(pool.submit(valid, piece))
            if len(waiting) > 2 * _WORKERS and not waiting.popleft().result():
                return False
        return all(answer.result() for answer in waiting)


def _forget(row: etree._Element) -> None:
    """Free a row and all before it; the schema has seen them."""
    row.clear()
    parent = row.getparent()
    if parent is not None:
        del parent[: parent.index(row)]
