"""The files that the SFTP server serves: written once, in chunks, so that none ever lies in memory whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, insert, select, update

from settlement_bridge.errors import DeliveryRefused
from settlement_bridge.instants import from_micros, to_micros
from settlement_bridge.store.database import Database
from settlement_bridge.store.tables import document_chunks, documents

CHUNK: Final = 128 * 1024
"""Bytes in every chunk but a document's last."""
_CHUNKS_AT_ONCE: Final = 32
"""Chunks written in one transaction: others want to write, too."""

# Put together once: that takes longer than the answer.
_CHUNK: Final = select(document_chunks.c.content).where(
    document_chunks.c.document_id == bindparam("document_id"), document_chunks.c.number == bindparam("number")
)


class DocumentPlace(NamedTuple):
    """Where a document is found, in whatever folder; the old service's path from the format on."""

    extension: str
    organization_number: str
    msn: str
    name: str
    """`16655-2000001.xml`"""


@dataclass(frozen=True)
class Document:
    """A document without its content."""

    document_id: int
    place: DocumentPlace
    sha256: str
    """Lower-case hexadecimal."""
    size: int
    """Bytes."""
    published_at: datetime


class Documents:
    """Documents and drafts of documents. A path has at most one of each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def published(self, place: DocumentPlace) -> Document | None:
        """Return the document at a path, whoever may see it; None where there is none."""
        return self._find(_at(place, published=True))

    def draft(self, place: DocumentPlace) -> Document | None:
        """Return the draft of a path; None where there is none."""
        return self._find(_at(place, published=False))

    def write_draft(self, place: DocumentPlace, content: BinaryIO, sha256: str, size: int, now: datetime) -> None:
        """Keep the draft of a document, in place of an earlier one; it is durable with the next durable change.

        A draft whose writing was cut short has its size and hash, but not all of its chunks: `complete` tells.
        """
        with self._database.writing(durable=False) as connection:
            _remove(connection, place)
            values = {**place._asdict(), "published": False, "sha256": sha256, "size": size}
            returned = connection.execute(
                insert(documents).values(**values, published_at=to_micros(now)).returning(documents.c.document_id)
            )
            document_id = int(returned.scalar_one())
        for rows in _rows(document_id, content):
            with self._database.writing(durable=False) as connection:
                connection.execute(insert(document_chunks), rows)

    def complete(self, document: Document) -> bool:
        """Tell whether every chunk of a document is there."""
        query = select(document_chunks.c.number).where(document_chunks.c.document_id == document.document_id)
        with self._database.reading() as connection:
            return len(connection.scalars(query).all()) == -(-document.size // CHUNK)

    def publish(self, place: DocumentPlace, now: datetime) -> None:
        """Let the draft of a path be seen by all who may see it. Raises DeliveryRefused where a document is there."""
        with self._database.writing(durable=False) as connection:
            if connection.scalar(select(documents.c.document_id).where(_at(place, published=True))) is not None:
                raise DeliveryRefused(f"{place.name} is served already and was not touched")
            connection.execute(
                update(documents).where(_at(place, published=False)).values(published=True, published_at=to_micros(now))
            )

    def discard(self, place: DocumentPlace) -> None:
        """Remove the draft of a path, if there is one."""
        with self._database.writing(durable=False) as connection:
            _remove(connection, place)

    def chunk(self, document_id: int, number: int) -> bytes:
        """Return one chunk of a document, counted from 0; nothing behind the last."""
        rows = self._database.ask(_CHUNK, {"document_id": document_id, "number": number})
        return rows[0][0] if rows else b""

    def _find(self, where: ColumnElement[bool]) -> Document | None:
        with self._database.reading() as connection:
            row = connection.execute(select(documents).where(where)).one_or_none()
        return None if row is None else document_of(row)


def document_of(row: Row[Any]) -> Document:
    """Return a row of the table as a value."""
    place = DocumentPlace(row.extension, row.organization_number, row.msn, row.name)
    return Document(row.document_id, place, row.sha256, row.size, from_micros(row.published_at))


def _at(place: DocumentPlace, *, published: bool) -> ColumnElement[bool]:
    same = (documents.c[name] == value for name, value in place._asdict().items())
    return and_(documents.c.published.is_(published), *same)


def _remove(connection: Connection, place: DocumentPlace) -> None:
    drafts = select(documents.c.document_id).where(_at(place, published=False))
    connection.execute(delete(document_chunks).where(document_chunks.c.document_id.in_(drafts)))
    connection.execute(delete(documents).where(_at(place, published=False)))


def _rows(document_id: int, content: BinaryIO) -> Iterator[list[dict[str, object]]]:
    number = 0
    while True:
        rows: list[dict[str, object]] = []
        while len(rows) < _CHUNKS_AT_ONCE and (chunk := content.read(CHUNK)):
            rows.append({"document_id": document_id, "number": number, "content": chunk})
            number += 1
        if not rows:
            return
        yield rows
