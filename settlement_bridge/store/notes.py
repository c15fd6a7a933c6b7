"""Small things to be remembered from one run to the next, by name."""

from sqlalchemy import delete, select

from settlement_bridge.store.database import Database
from settlement_bridge.store.tables import notes


class Notes:
    """Texts by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        """Return a note; None where there is none of that name."""
        with self._database.reading() as connection:
            return connection.scalar(select(notes.c.value).where(notes.c.name == name))

    def put(self, name: str, value: str) -> None:
        """Keep a note in the place of what it said before."""
        with self._database.writing() as connection:
            self._database.upsert(connection, notes, {"name": name, "value": value})

    def keep_first(self, name: str, value: str) -> str:
        """Keep a note unless there is one already; return what it says now, whoever wrote it."""
        with self._database.writing() as connection:
            first = self._database.insert(notes).values(name=name, value=value).on_conflict_do_nothing()
            connection.execute(first)
            return str(connection.execute(select(notes.c.value).where(notes.c.name == name)).scalar_one())

    def remove(self, name: str) -> None:
        """Remove a note, if it is there."""
        with self._database.writing() as connection:
            connection.execute(delete(notes).where(notes.c.name == name))
