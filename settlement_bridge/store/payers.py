"""Personal data: who paid and what they wrote, kept apart from the books, and not for long."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, and_, delete, select, text, true

from settlement_bridge.instants import from_micros, to_micros
from settlement_bridge.model import Page, Payer
from settlement_bridge.store.database import Database
from settlement_bridge.store.tables import payers

_KEEP = text("INSERT INTO kept_payers SELECT * FROM payers WHERE time >= :before ORDER BY rowid")


class Payers:
    """The payers of all ledgers, by the pspReference of what they paid."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, ledger_id: str, psp_references: Collection[str]) -> dict[str, Payer]:
        """Return the payers known of some references, at most a few hundred."""
        mine = and_(payers.c.ledger_id == ledger_id, payers.c.psp_reference.in_(psp_references))
        columns = (payers.c.psp_reference, payers.c.time, payers.c.name, payers.c.message)
        with self._database.reading() as connection:
            rows = connection.execute(select(*columns).where(mine))
            return {psp: Payer(psp, from_micros(time), name, message) for psp, time, name, message in rows}

    def purge(self, before: datetime | None) -> bool:
        """Forget who paid before a moment, or at all (None), so that no byte of it stays in a SQLite file.

        Returns whether there was anything. Nothing is written where nothing is to be forgotten.
        """
        old = payers.c.time < to_micros(before) if before else true()
        with self._database.reading() as connection:
            if connection.execute(select(payers.c.time).where(old).limit(1)).first() is None:
                return False
        with self._database.writing() as connection:
            self._database.erase_deleted(connection)
            if connection.dialect.name == "sqlite" and before:
                _rewrite_from(connection, to_micros(before))
            else:
                connection.execute(delete(payers).where(old))
        self._database.empty_log()
        return True


def _rewrite_from(connection: Connection, before: int) -> None:
    # SQLite moves rows between pages when others are deleted, and what then lies in the gaps is overwritten by nothing,
    # ever. Only the pages of a table that is emptied are overwritten whole.
    connection.execute(text("CREATE TEMP TABLE kept_payers AS SELECT * FROM payers WHERE false"))
    connection.execute(_KEEP, {"before": before})
    connection.execute(delete(payers))
    connection.execute(text("INSERT INTO payers SELECT * FROM kept_payers ORDER BY rowid"))
    connection.execute(text("DROP TABLE kept_payers"))


def keep_payers(database: Database, connection: Connection, page: Page) -> None:
    """Keep the payers of a page that are not held yet, in the transaction that keeps its entries."""
    rows = [
        {
            "ledger_id": page.ledger_id,
            "psp_reference": payer.psp_reference,
            "time": to_micros(payer.time),
            "name": payer.name,
            "message": payer.message,
        }
        for payer in page.payers
    ]
    if rows:
        connection.execute(database.insert(payers).on_conflict_do_nothing(), rows)
