"""Validation of finished XML files against one of the project's schemas: side by side, in bounded memory."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

from lxml import etree

from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.schemas import schema_path

PIECE = 256 * 1024
"""Bytes of rows validated at a time, about five hundred rows; their tree takes ten times that, in every thread."""
SMALL = 2 * PIECE
"""A file no larger is validated as it is: to start threads for it would take as long."""
LONGEST_PIECE = 16 * PIECE
_FRAME = 64 * 1024
_WORKERS = min(4, os.cpu_count() or 1)
_KEPT = 2 * _WORKERS
"""Schemas that wait in memory, each of them loaded, for whoever validates next."""
_LOADING = threading.Lock()
"""The first schema of a process has libxml2 set up its own types: two threads that do so at once break it for good."""
_GUARDS: dict[str, Any] = {"resolve_entities": "internal", "load_dtd": False, "no_network": True, "huge_tree": False}
"""Entities are left to be resolved, although a document with a document type is refused in the end: asked to leave
them alone, lxml's incremental parser accepts files that break off."""
_UNREAD: dict[str, Any] = {"remove_comments": True, "remove_pis": True}


class Fault(NamedTuple):
    """Why a document is not valid."""

    line: int
    """0 where nobody can tell."""
    reason: str


_UNUSUAL = Fault(0, "not laid out as this project writes it")


class XmlCheck:
    """Validates files of one format; safe to call from several threads.

    A large file is cut into pieces before some of its rows, each piece is put between the file's own head (all
    before the first row) and tail (all behind the last), and these small documents are validated side by side.

    Only "valid" is ever concluded from them. If one is refused, or the file is not laid out as this project writes
    it (comments before the rows, another opening, no two rows in a row), the whole file is read in one go, and that
    decides. So a wrong refusal cannot happen. Nor can a wrong acceptance; let every head + piece + tail be valid:

    - Markup cannot reach across a cut. The head starts with the declaration and root tag that this project writes
      and has no further `<!` or `<?`, so there is no document type, and it ends within no comment, CDATA section or
      processing instruction; within a tag it cannot end either, since `<` follows. One of those opened in a piece
      must end in that piece, for the tail holds no `-->`, `]]>` or `?>`. So each piece is read in the whole file as
      it was read by itself, and the white space around a cut is never inside a text.
    - The open elements are the same at every cut. A piece begins with a row and ends behind one. The schema is not
      recursive and knows rows in one place only, so there is one path from the root to where a row may stand, and
      all pieces begin and end on it.
    - Names mean the same. The head declares no namespace but the root's. Elements that a piece leaves open are
      closed by the tail, so they are written without a prefix and, being valid, leave the default namespace as it was;
      a prefix they declare is unknown to the next piece by itself, which is then refused.
    - So is what may follow. A content model says "one row or more" there: behind a row it is in the same state
      whether others came before or not, and every element above is still within the same child. Nothing else in
      the schema looks further than one element: it has no keys and no references.
    """

    def __init__(self, schema: str, namespace: str, opening: bytes, row: str, section: str) -> None:
        """`opening` is how files start, to the end of the root tag; of each `section` pieces may begin at a `row`."""
        self._namespace = namespace
        self._opening = opening
        self._forgotten = [f"{{*}}{row}", f"{{*}}{section}"]
        self._row_start = f"<{row}>".encode()
        self._row_end = f"</{row}>".encode()
        self._schema = schema
        self._idle: deque[_Validator] = deque(maxlen=_KEPT)

    def __call__(self, path: Path) -> None:
        """Raise RenderingRefused, naming file, line and reason, unless the file at `path` is valid."""
        with path.open("rb") as file:
            self._refuse(self._fault(file), path)

    def in_one_go(self, stream: IO[bytes], path: Path) -> None:
        """Do the same with a stream, of which no pieces can be taken; the error names `path`."""
        self._refuse(self.fault_in_whole(stream), path)

    def _refuse(self, fault: Fault | None, path: Path) -> None:
        if fault is not None:
            place = f"{path}, line {fault.line}" if fault.line else f"{path}"
            reason = fault.reason.replace(f"{{{self._namespace}}}", "")
            raise RenderingRefused(f"{place}: {reason}")

    def _fault(self, file: BinaryIO) -> Fault | None:
        size = file.seek(0, os.SEEK_END)
        if size <= SMALL:
            file.seek(0)
            with self._validator() as validator:
                return validator.fault(file.read())
        suspicion = self.suspicion(file, size)
        if suspicion is None:
            return None
        fault = self.fault_in_whole(file)
        return suspicion if fault and suspicion.line else fault

    def suspicion(self, file: BinaryIO, size: int) -> Fault | None:
        """Validate in pieces: None when the file is surely valid, else what to look for in the whole of it."""
        frame = self._frame(file, size)
        if frame is None:
            return _UNUSUAL

        def suspicion(piece: _Piece) -> Fault | None:
            if len(piece.rows) > LONGEST_PIECE:
                return _UNUSUAL
            with self._validator() as validator:
                fault = validator.fault(frame.head + piece.rows + frame.tail)
            return fault and fault._replace(line=_line_in_file(file.name, fault.line, frame, piece))

        return _first_fault(suspicion, self._pieces(file, frame))

    def fault_in_whole(self, file: IO[bytes]) -> Fault | None:
        """Read the file in one go, forgetting rows and sections behind them; here the schema cannot tell lines."""
        file.seek(0)
        with self._validator() as validator:
            read = etree.iterparse(file, tag=self._forgotten, schema=validator.schema, **_UNREAD, **_GUARDS)
            try:
                for _, element in read:
                    _forget(element)
            except etree.XMLSyntaxError as error:
                return Fault(error.lineno or 0, str(error.msg))
            return _document_type_fault(read.root)

    @contextmanager
    def _validator(self) -> Iterator["_Validator"]:
        try:
            validator = self._idle.pop()
        except IndexError:
            validator = _Validator(self._schema)
        try:
            yield validator
        finally:
            self._idle.append(validator)

    def _frame(self, file: BinaryIO, size: int) -> "_Frame | None":
        file.seek(0)
        head, row, _ = file.read(_FRAME).partition(self._row_start)
        file.seek(size - _FRAME)
        _, last_row, tail = file.read().rpartition(self._row_end)
        inside = head[len(self._opening) :]
        usual = (
            row
            and last_row
            and head.startswith(self._opening)
            and not any(mark in inside for mark in (b"<!", b"<?", b"xmlns"))
            and not any(mark in tail for mark in (b"-->", b"]]>", b"?>"))
        )
        return _Frame(head, tail, size) if usual else None

    def _pieces(self, file: BinaryIO, frame: "_Frame") -> Iterator["_Piece"]:
        start, end = len(frame.head), frame.size - len(frame.tail)
        file.seek(start)
        rows = b""
        for offset in range(start, end, PIECE):
            rows += file.read(min(PIECE, end - offset))
            cut = self._last_cut(rows)
            if cut:
                yield _Piece(start, rows[:cut])
                start, rows = start + cut, rows[cut:]
            if len(rows) > LONGEST_PIECE:
                break
        yield _Piece(start, rows)

    def _last_cut(self, rows: bytes) -> int:
        """Return where the last row starts that directly follows another; 0 if there is none."""
        row = rows.rfind(self._row_start)
        while row > 0 and not rows[max(0, row - 80) : row].rstrip().endswith(self._row_end):
            row = rows.rfind(self._row_start, 0, row)
        return max(row, 0)


class _Frame(NamedTuple):
    head: bytes
    tail: bytes
    size: int
    """Of the whole file."""


class _Piece(NamedTuple):
    start: int
    """Offset in the file."""
    rows: bytes


class _Validator:
    """A schema and a parser, for one thread at a time, since neither promises to serve two at once."""

    def __init__(self, schema: str) -> None:
        with _LOADING:
            self.schema = etree.XMLSchema(etree.parse(str(schema_path(schema))))
        self._parser = etree.XMLParser(**_GUARDS)

    def fault(self, document: bytes) -> Fault | None:
        try:
            root = etree.fromstring(document, self._parser)
        except etree.XMLSyntaxError as error:
            return Fault(error.lineno or 0, str(error.msg).split(", line ")[0])
        if self.schema.validate(root):
            return _document_type_fault(root)
        errors: Any = self.schema.error_log
        return Fault(errors[0].line, errors[0].message)


def _document_type_fault(root: etree._Element) -> Fault | None:
    if root.getroottree().docinfo.internalDTD is None:
        return None
    return Fault(1, "a settlement file has no document type declaration")


def _first_fault(fault: Callable[[_Piece], Fault | None], pieces: Iterable[_Piece]) -> Fault | None:
    """Ask `fault` of every piece in a few threads (lxml lets go of the interpreter), holding only a few pieces."""
    waiting: deque[Future[Fault | None]] = deque()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for piece in pieces:
            waiting.append(pool.submit(fault, piece))
            if len(waiting) > 2 * _WORKERS and (found := waiting.popleft().result()):
                return found
        return next((found for answer in waiting if (found := answer.result())), None)


def _line_in_file(path: str, line: int, frame: _Frame, piece: _Piece) -> int:
    """Translate a line of head + piece + tail into one of the file."""
    rows_end = frame.size - len(frame.tail)
    line += _count_lines(path, len(frame.head), piece.start)
    if line > _count_lines(path, 0, piece.start + len(piece.rows)) + 1:
        line += _count_lines(path, piece.start + len(piece.rows), rows_end)
    return line


def _count_lines(path: str, start: int, end: int) -> int:
    with Path(path).open("rb") as file:
        file.seek(start)
        return sum(file.read(min(PIECE, end - offset)).count(b"\n") for offset in range(start, end, PIECE))


def _forget(element: etree._Element) -> None:
    """Free an element and all before it; the schema has seen them."""
    element.clear()
    parent = element.getparent()
    if parent is not None:
        del parent[: parent.index(element)]
