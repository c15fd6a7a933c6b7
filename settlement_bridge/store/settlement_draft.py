"""The rows of a payout on their way into the database."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, repeat

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from settlement_bridge.instants import to_micros
from settlement_bridge.model import Payout, PayoutRecord, PayoutState, Settlement, Transaction
from settlement_bridge.store.bulk import insert_values
from settlement_bridge.store.database import Database
from settlement_bridge.store.tables import payouts, settlements, transaction_index, transactions

ROWS_AT_ONCE = 4_000
_SETTLEMENT = TypeAdapter(Settlement)
_MINE = and_(settlements.c.ledger_id == bindparam("ledger"), settlements.c.payout == bindparam("number"))
_NEW = insert(settlements).returning(settlements.c.settlement_id)
_DETAILS = update(settlements).where(settlements.c.settlement_id == bindparam("wanted"))
_HELD = select(settlements.c.settlement_id).where(_MINE)
# Waits for a commit that is still under way although its answer is lost.
_HELD_BY_NOBODY_ELSE = _HELD.with_for_update()
_SETTLED = select(payouts.c.number).where(
    payouts.c.ledger_id == bindparam("ledger"),
    payouts.c.number == bindparam("number"),
    payouts.c.state != PayoutState.WAITING,
)
# In the order of the numbers, so that the index grows at its end and not all over.
_INDEX = insert(transaction_index).from_select(
    ["ledger_id", "number", "settlement_id", "row"],
    select(settlements.c.ledger_id, transactions.c.number, transactions.c.settlement_id, transactions.c.row)
    .join_from(settlements, transactions, transactions.c.settlement_id == settlements.c.settlement_id)
    .where(_MINE)
    .order_by(transactions.c.number),
)


class SettlementDraft:
    """Rows that nobody sees until `settle` keeps them all at once.

    A large payout is written in stretches, so that it neither lies in memory nor keeps other ledgers from writing.
    What a crash leaves behind is swept away by the next draft of the same payout.
    """

    def __init__(self, database: Database, payout: Payout) -> None:
        self._database = database
        self._payout = payout
        self._ids: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._unwritten: list[tuple[str, int, Sequence[Transaction]]] = []
        self._unwritten_rows = 0
        self._begun = False

    def add(self, msn: str, rows: Sequence[Transaction]) -> None:
        """Take some more rows of a sales unit, behind those it has."""
        held = self._counts.get(msn, 0)
        self._counts[msn] = held + len(rows)
        self._unwritten.append((msn, held + 1, rows))
        self._unwritten_rows += len(rows)
        if self._unwritten_rows >= ROWS_AT_ONCE:
            with self._database.writing(durable=False) as connection:
                self._write(connection)

    def settle(self, record: PayoutRecord, proven: Iterable[Settlement]) -> None:
        """Keep the rows as the payout's settlements, in one transaction with the payout's own record."""
        with self._database.writing() as connection:
            self._write(connection)
            for settlement in proven:
                details = _SETTLEMENT.dump_json(settlement).decode()
                connection.execute(_DETAILS, {"wanted": self._ids[settlement.msn], "details": details})
            connection.execute(_INDEX, self._mine())
            keep_payout(self._database, connection, record)

    def discard(self) -> None:
        """Remove what was written, unless it is settled after all: a commit may be kept whose answer is lost."""
        if self._begun:
            with self._database.writing() as connection:
                list(connection.scalars(_HELD_BY_NOBODY_ELSE, self._mine()))
                if connection.execute(_SETTLED, self._mine()).first() is None:
                    self._sweep(connection)

    def _write(self, connection: Connection) -> None:
        if not self._begun:
            self._sweep(connection)
            self._begun = True
        for msn in self._counts.keys() - self._ids.keys():
            self._ids[msn] = self._new_settlement(connection, msn)
        unwritten, self._unwritten, self._unwritten_rows = self._unwritten, [], 0
        values = (_values(self._ids[msn], first, rows) for msn, first, rows in unwritten)
        insert_values(connection, transactions, tuple(chain.from_iterable(values)))

    def _new_settlement(self, connection: Connection, msn: str) -> int:
        values = {
            "ledger_id": self._payout.ledger_id,
            "payout": self._payout.number,
            "msn": msn,
            "details": "",
            "settlement_date": self._payout.ledger_date.isoformat(),
            "due": True,
        }
        return int(connection.execute(_NEW, values).scalar_one())

    def _sweep(self, connection: Connection) -> None:
        for settlement_id in list(connection.scalars(_HELD, self._mine())):
            connection.execute(delete(transactions).where(transactions.c.settlement_id == settlement_id))
            connection.execute(delete(settlements).where(settlements.c.settlement_id == settlement_id))

    def _mine(self) -> dict[str, object]:
        return {"ledger": self._payout.ledger_id, "number": self._payout.number}


def _values(settlement_id: int, first: int, rows: Sequence[Transaction]) -> Iterator[object]:
    """Yield rows of the table, value after value; by columns, which takes half the time of row by row."""
    columns = zip(*rows, strict=True)
    return chain.from_iterable(zip(repeat(settlement_id), count(first), *columns, strict=False))


def keep_payout(database: Database, connection: Connection, record: PayoutRecord) -> None:
    """Keep a payout's record, in place of an older one."""
    payout = record.payout
    values = {
        **vars(payout),
        "ledger_date": payout.ledger_date.isoformat(),
        "date_from": payout.date_from.isoformat(),
        "time": to_micros(payout.time),
        "state": record.state,
        "reason": record.reason,
        "settlement_type": record.settlement_type,
        "type_decided": record.type_decided,
        "book_id": record.book_id,
        "warnings": "\n".join(record.warnings) or None,
        "fees_position": record.fees_position,
    }
    database.upsert(connection, payouts, values)
