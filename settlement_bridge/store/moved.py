"""A store that has been moved: nobody works in it any more, or two stores would publish the same files."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from settlement_bridge.errors import Busy, StoreMoved
from settlement_bridge.store.copy import TableSum, table_sum
from settlement_bridge.store.database import Database
from settlement_bridge.store.tables import archived_documents, notes

_NOTE = "moved to"
_WHERE_TO = select(notes.c.value).where(notes.c.name == _NOTE)


def move_away(database: Database, address: str, copied: Sequence[TableSum]) -> None:
    """Note where the store has gone, as a copy that had these tables; from then on nobody takes a lease in it.

    Users of the SFTP server need no lease to fetch files. Raises Busy where one has done so since: the copy would let
    them fetch the same files again.
    """
    with database.writing() as connection:
        if table_sum(connection, archived_documents) not in copied:
            raise Busy(
                "users of the SFTP server have fetched files since the copy began, which would find them in the copy "
                "again; stop `settlement-bridge serve`, then move to another empty database"
            )
        connection.execute(insert(notes).values(name=_NOTE, value=address))


def must_be_here(connection: Connection, address: str) -> None:
    """Raise StoreMoved where the store of an open connection has gone elsewhere."""
    there = connection.scalar(_WHERE_TO)
    if there is not None:
        raise StoreMoved(
            f"the store was moved from {address} to {there}, which has all that was published since: set [store] url "
            "to it"
        )
