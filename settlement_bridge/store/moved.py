"""A store that has been moved: nobody works in it any more, or two stores would publish the same files."""

from sqlalchemy import Connection, insert, select

from settlement_bridge.errors import StoreMoved
from settlement_bridge.store.database import Database
from settlement_bridge.store.tables import notes

_NOTE = "moved to"


def move_away(database: Database, address: str) -> None:
    """Note where the store has gone; from then on nobody takes a lease in it."""
    with database.writing() as connection:
        connection.execute(insert(notes).values(name=_NOTE, value=address))


def must_be_here(connection: Connection, address: str) -> None:
    """Raise StoreMoved where the store of an open connection has gone elsewhere."""
    there = connection.scalar(select(notes.c.value).where(notes.c.name == _NOTE))
    if there is not None:
        raise StoreMoved(
            f"the store was moved from {address} to {there}, which has all that was published since: set [store] url "
            "to it"
        )
