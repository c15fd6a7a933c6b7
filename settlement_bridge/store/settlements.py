"""Payouts and their settlements: what was decided, and the rows as proven."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, Select, Subquery, and_, bindparam, exists, func, or_, select, update

from settlement_bridge.errors import NotFound
from settlement_bridge.instants import from_micros
from settlement_bridge.model import (
    PAYOUT_TYPES,
    Book,
    Payout,
    PayoutRecord,
    PayoutState,
    Settlement,
    SettlementType,
    Transaction,
)
from settlement_bridge.store.database import Database, stream
from settlement_bridge.store.settlement_draft import SettlementDraft, keep_payout
from settlement_bridge.store.tables import (
    IS_DUE,
    books,
    marks,
    notes,
    payouts,
    settlements,
    transactions,
)

_SETTLEMENT = TypeAdapter(Settlement)
_LAST_PAYOUT = (
    select(payouts)
    .where(payouts.c.ledger_id == bindparam("ledger_id"), payouts.c.state != PayoutState.WAITING)
    .order_by(payouts.c.number.desc())
    .limit(1)
)
_PAYOUT = select(payouts).where(payouts.c.ledger_id == bindparam("ledger_id"), payouts.c.number == bindparam("number"))
_PROVEN = select(settlements).where(settlements.c.details != "").order_by(settlements.c.settlement_id)
_DUE = (
    select(settlements)
    .join(payouts, and_(payouts.c.ledger_id == settlements.c.ledger_id, payouts.c.number == settlements.c.payout))
    .where(IS_DUE, payouts.c.state == PayoutState.SETTLED, settlements.c.details != "")
    .order_by(settlements.c.settlement_date, settlements.c.settlement_id)
)
_DUE_OF_LEDGERS = _DUE.where(settlements.c.ledger_id.in_(bindparam("ledger_ids", expanding=True)))
_CHANGE = update(settlements).where(settlements.c.settlement_id == bindparam("wanted"))
_DELIVERY_PLAN = select(notes.c.value).where(notes.c.name == "delivery plan")
_TRANSACTIONS = (
    select(
        transactions.c.time,
        transactions.c.capture,
        transactions.c.refund,
        transactions.c.fee,
        transactions.c.number,
        transactions.c.order_id,
        transactions.c.mapped_from,
    )
    .where(transactions.c.settlement_id == bindparam("settlement_id"))
    .order_by(transactions.c.row)
)


@dataclass(frozen=True)
class StoredSettlement:
    """A settlement with the id its rows are kept under."""

    settlement_id: int
    settlement: Settlement


class Settlements:
    """Payouts, their settlements and the rows of these."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last_payout(self, ledger_id: str) -> PayoutRecord | None:
        """Return a ledger's last payout that is done with: settled or withheld."""
        with self._database.reading() as connection:
            row = connection.execute(_LAST_PAYOUT, {"ledger_id": ledger_id}).one_or_none()
        return _record_of(row) if row else None

    def payout(self, ledger_id: str, number: int) -> PayoutRecord:
        """Return one payout; raises NotFound."""
        with self._database.reading() as connection:
            row = connection.execute(_PAYOUT, {"ledger_id": ledger_id, "number": number}).one_or_none()
        if row is None:
            raise NotFound(
                f"ledger {ledger_id} has no payout {number} in this store; see `settlement-bridge status` for its last"
            )
        return _record_of(row)

    def payouts(self, state: PayoutState) -> list[PayoutRecord]:
        """Return the payouts in a state, in the order of ledgers and dates."""
        query = select(payouts).where(payouts.c.state == state).order_by(payouts.c.ledger_id, payouts.c.last_position)
        with self._database.reading() as connection:
            return [_record_of(row) for row in connection.execute(query)]

    def last_payouts(self) -> dict[str, PayoutRecord]:
        """Return every ledger's last payout that is settled or withheld."""
        newest = _newest()
        query = select(payouts).join(
            newest, and_(newest.c.ledger_id == payouts.c.ledger_id, newest.c.number == payouts.c.number)
        )
        with self._database.reading() as connection:
            return {row.ledger_id: _record_of(row) for row in connection.execute(query)}

    def ledgers_to_settle(self) -> set[str]:
        """Return the ledgers whose mirror holds a payout entry that is not settled or withheld yet."""
        with self._database.reading() as connection:
            return set(connection.scalars(_TO_SETTLE))

    def keep_waiting(self, record: PayoutRecord) -> None:
        """Remember a payout that cannot be settled yet, where that is news."""
        with self._database.reading() as connection:
            key = {"ledger_id": record.payout.ledger_id, "number": record.payout.number}
            row = connection.execute(_PAYOUT, key).one_or_none()
        if row is None or _record_of(row) != record:
            with self._database.writing() as connection:
                keep_payout(self._database, connection, record)

    @contextmanager
    def draft(self, payout: Payout) -> Iterator[SettlementDraft]:
        """Give a place for a payout's rows; what is not settled within the block is removed."""
        draft = SettlementDraft(self._database, payout)
        try:
            yield draft
        except BaseException:
            draft.discard()
            raise

    def of_payout(self, ledger_id: str, number: int) -> list[StoredSettlement]:
        """Return the settlements of a payout, one a sales unit."""
        return self._settlements(_PROVEN.where(settlements.c.ledger_id == ledger_id, settlements.c.payout == number))

    def get(self, settlement_ids: Iterable[int]) -> list[StoredSettlement]:
        """Return settlements by id."""
        return self._settlements(_PROVEN.where(settlements.c.settlement_id.in_(list(settlement_ids))))

    def of_sales_unit(
        self, msn: str, payout: int | None = None, first: date = date.min, last: date = date.max
    ) -> list[StoredSettlement]:
        """Return a sales unit's settlements, the earliest first: all, one number's, or those dated in a period.

        A number may have several: a sales unit that moved to another ledger may get the same numbers again (rule 13).
        """
        dated = settlements.c.settlement_date.between(first.isoformat(), last.isoformat())
        query = _PROVEN.where(settlements.c.msn == msn, dated)
        if payout is not None:
            query = query.where(settlements.c.payout == payout)
        return sorted(self._settlements(query), key=lambda one: (one.settlement.settlement_date, one.settlement_id))

    def _settlements(self, query: Select[Any], values: Mapping[str, object] | None = None) -> list[StoredSettlement]:
        with self._database.reading() as connection:
            rows = connection.execute(query, values)
            return [StoredSettlement(row.settlement_id, _SETTLEMENT.validate_json(row.details)) for row in rows]

    def due(self, ledger_ids: Collection[str] | None = None) -> list[StoredSettlement]:
        """Return the proven settlements that are not delivered everywhere, the earliest SettlementDate first."""
        if ledger_ids is None:
            return self._settlements(_DUE)
        return self._settlements(_DUE_OF_LEDGERS, {"ledger_ids": list(ledger_ids)})

    def done_with(self, settlement_ids: Collection[int]) -> None:
        """Note that no destination has anything of these settlements still to get."""
        with self._database.writing() as connection:
            for settlement_id in settlement_ids:
                connection.execute(_CHANGE, {"wanted": settlement_id, "due": False})

    def renew(self, stored: StoredSettlement) -> None:
        """Keep what a settlement says of its merchant now."""
        with self._database.writing() as connection:
            details = _SETTLEMENT.dump_json(stored.settlement).decode()
            connection.execute(_CHANGE, {"wanted": stored.settlement_id, "details": details})

    def relinked(self, record: PayoutRecord) -> None:
        """Keep a payout's places in books that were read anew."""
        with self._database.writing() as connection:
            keep_payout(self._database, connection, record)

    def plan_deliveries(self, plan: str) -> None:
        """Make every settlement due again where the plan, a text that sums up what goes where, has changed."""
        with self._database.reading() as connection:
            if connection.scalar(_DELIVERY_PLAN) == plan:
                return
        with self._database.writing() as connection:
            self._database.upsert(connection, notes, {"name": "delivery plan", "value": plan})
            connection.execute(update(settlements).values(due=True))

    def transactions(self, settlement_id: int) -> Iterator[Transaction]:
        """Yield the rows of a settlement in order, as a stream; close it when leaving early."""
        with self._database.reading() as connection:
            yield from map(Transaction._make, stream(connection, _TRANSACTIONS, {"settlement_id": settlement_id}))


def _newest() -> Subquery:
    """Every ledger's last payout that is settled or withheld, by number: positions change when books are read anew."""
    done = select(payouts.c.ledger_id, func.max(payouts.c.number).label("number"))
    return done.where(payouts.c.state != PayoutState.WAITING).group_by(payouts.c.ledger_id).subquery()


def _to_settle() -> Select[tuple[str]]:
    """The ledgers whose books hold a payout behind the last one that is settled or withheld."""
    newest = _newest()
    last = (
        select(payouts.c.ledger_id, payouts.c.last_position, payouts.c.book_id)
        .join(newest, and_(newest.c.ledger_id == payouts.c.ledger_id, newest.c.number == payouts.c.number))
        .subquery()
    )
    beyond = exists().where(
        marks.c.book_id == books.c.book_id,
        marks.c.position > func.coalesce(last.c.last_position, 0),
        marks.c.entry_type.in_(PAYOUT_TYPES),
    )
    return (
        select(books.c.ledger_id)
        .outerjoin(last, last.c.ledger_id == books.c.ledger_id)
        .where(books.c.current, books.c.book == Book.FUNDS, or_(beyond, last.c.book_id != books.c.book_id))
    )


_TO_SETTLE = _to_settle()


def _record_of(row: Row[Any]) -> PayoutRecord:
    payout = Payout(
        ledger_id=row.ledger_id,
        number=row.number,
        ledger_date=date.fromisoformat(row.ledger_date),
        date_from=date.fromisoformat(row.date_from),
        time=from_micros(row.time),
        amount=row.amount,
        balance_before=row.balance_before,
        balance_after=row.balance_after,
        first_position=row.first_position,
        last_position=row.last_position,
        psp_reference=row.psp_reference,
    )
    return PayoutRecord(
        payout=payout,
        state=PayoutState(row.state),
        reason=row.reason,
        settlement_type=SettlementType(row.settlement_type),
        type_decided=row.type_decided,
        fees_position=row.fees_position,
        book_id=row.book_id,
        warnings=tuple(row.warnings.split("\n")) if row.warnings else (),
    )
