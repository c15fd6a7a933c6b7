"""What each user of the SFTP server sees of the documents, and what of it is still in the inbox."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, exists, func, select, text, true

from settlement_bridge.instants import from_micros, to_micros
from settlement_bridge.store.database import Database
from settlement_bridge.store.documents import Document, DocumentPlace, document_of
from settlement_bridge.store.moved import must_be_here
from settlement_bridge.store.tables import archived_documents, documents

# Both databases understand it. An insert with ON CONFLICT that SQLAlchemy puts together is compiled anew every time.
_ARCHIVE = text(
    "INSERT INTO archived_documents (user_name, document_id, archived_at)"
    " VALUES (:user_name, :document_id, :archived_at) ON CONFLICT DO NOTHING"
)
_LEVELS = tuple(documents.c[name] for name in DocumentPlace._fields)


@dataclass(frozen=True)
class View:
    """What a user may see."""

    user_name: str
    extensions: frozenset[str]
    sales_units: frozenset[str] | None
    """MSNs; None for all of them."""

    def shows(self, document: Document) -> bool:
        """Tell whether a document is among what the user may see."""
        place = document.place
        return place.extension in self.extensions and (self.sales_units is None or place.msn in self.sales_units)


@dataclass(frozen=True)
class Folder:
    """A folder that holds something, if only in a folder below it."""

    name: str
    changed_at: datetime
    """When its youngest document was published."""


class Inboxes:
    """Every user's inbox and archive: a document is in exactly one of the two, and one transaction moves it.

    Nobody's lease matters here: users come and go while a run is at work. What changes something raises StoreMoved
    where the store has moved. Questions are put together once and kept:
    that takes several times as long as the database takes to answer them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def document(self, view: View, place: DocumentPlace, *, archived: bool) -> Document | None:
        """Return the document at a path of the inbox, or of the archive; None where this user has none there."""
        return next(iter(self.documents(view, place, archived=archived)), None)

    def documents(self, view: View, path: Sequence[str] = (), *, archived: bool) -> list[Document]:
        """Return the documents below a path, in the order of their paths."""
        query = _documents(archived, view.sales_units is None, len(path))
        with self._database.reading() as connection:
            return [document_of(row) for row in connection.execute(query, _values(view, path))]

    def folder(self, view: View, path: Sequence[str], *, archived: bool) -> Folder | None:
        """Return a folder by its path below the inbox, or the archive; None where it would be empty for this user."""
        query = _folder(archived, view.sales_units is None, len(path))
        with self._database.reading() as connection:
            changed_at = connection.scalar(query, _values(view, path))
        return None if changed_at is None else Folder(path[-1] if path else "", from_micros(changed_at))

    def folders(self, view: View, path: Sequence[str], *, archived: bool) -> list[Folder]:
        """Return the folders within the folder at a path of less than three parts, by name."""
        query = _folders(archived, view.sales_units is None, len(path))
        with self._database.reading() as connection:
            rows = connection.execute(query, _values(view, path))
            return [Folder(name, from_micros(changed_at)) for name, changed_at in rows]

    def archive(self, user_name: str, document_id: int, now: datetime) -> None:
        """Move a document from a user's inbox to the archive; durable when this returns. One that is there stays."""
        values = {"user_name": user_name, "document_id": document_id, "archived_at": to_micros(now)}
        with self._writing() as connection:
            connection.execute(_ARCHIVE, values)

    def restore(self, user_name: str, document_ids: Sequence[int]) -> None:
        """Put documents back from a user's archive into the inbox, all at once."""
        mine = archived_documents.c.user_name == user_name
        with self._writing() as connection:
            for document_id in document_ids:
                connection.execute(
                    delete(archived_documents).where(mine, archived_documents.c.document_id == document_id)
                )

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._database.writing(fenced=False) as connection:
            must_be_here(connection, self._database.address)
            yield connection


@cache
def _documents(archived: bool, all_units: bool, depth: int) -> Select[Any]:
    return select(documents).where(_visible(archived, all_units), _below(depth)).order_by(*_LEVELS)


@cache
def _folder(archived: bool, all_units: bool, depth: int) -> Select[Any]:
    return select(func.max(documents.c.published_at)).where(_visible(archived, all_units), _below(depth))


@cache
def _folders(archived: bool, all_units: bool, depth: int) -> Select[Any]:
    level = _LEVELS[depth]
    question = select(level, func.max(documents.c.published_at)).where(_visible(archived, all_units), _below(depth))
    return question.group_by(level).order_by(level)


def _visible(archived: bool, all_units: bool) -> ColumnElement[bool]:
    taken = exists().where(
        archived_documents.c.user_name == bindparam("user_name"),
        archived_documents.c.document_id == documents.c.document_id,
    )
    return and_(
        documents.c.published,
        documents.c.extension.in_(bindparam("extensions", expanding=True)),
        true() if all_units else documents.c.msn.in_(bindparam("sales_units", expanding=True)),
        taken if archived else ~taken,
    )


def _below(depth: int) -> ColumnElement[bool]:
    return and_(true(), *(level == bindparam(f"path{number}") for number, level in enumerate(_LEVELS[:depth])))


def _values(view: View, path: Sequence[str]) -> dict[str, object]:
    """Return what the questions leave open."""
    return {
        "user_name": view.user_name,
        "extensions": sorted(view.extensions),
        "sales_units": sorted(view.sales_units or ()),
        **{f"path{number}": part for number, part in enumerate(path)},
    }
