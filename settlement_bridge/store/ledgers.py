"""The ledgers as the Report API last described them, and what keeps one from being served."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Row, bindparam, func, or_, select, update

from settlement_bridge.errors import NotFound
from settlement_bridge.instants import from_micros, to_micros
from settlement_bridge.model import Ledger
from settlement_bridge.store.database import Database
from settlement_bridge.store.tables import ledgers

_LEDGER = TypeAdapter(Ledger)
_DETAILS = select(ledgers.c.ledger_id, ledgers.c.details)
_ALL = select(ledgers).order_by(ledgers.c.ledger_id)
_ONE = select(ledgers).where(ledgers.c.ledger_id == bindparam("wanted"))
_CAUGHT_UP = update(ledgers).where(ledgers.c.ledger_id == bindparam("wanted"), ledgers.c.caught_up_at.is_(None))
_CHANGE = update(ledgers).where(ledgers.c.ledger_id == bindparam("wanted"))


@dataclass(frozen=True)
class StoredLedger:
    """A ledger with what is known of how it fares."""

    ledger: Ledger
    hold_reason: str | None = None
    held_at: datetime | None = None
    caught_up_at: datetime | None = None
    """When both of its books had been read to their end for the first time."""
    trouble: str | None = None
    """Why it could not be read to its end the last time: no answer, or a listed payout without its payout row (v1)."""
    trouble_since: datetime | None = None


class Ledgers:
    """The ledgers seen so far. Nothing is written where nothing changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, seen: Sequence[Ledger]) -> None:
        """Keep how the Report API describes ledgers now; others stay as they are."""
        told = {ledger.ledger_id: _LEDGER.dump_json(ledger).decode() for ledger in seen}
        with self._database.reading() as connection:
            rows = connection.execute(_DETAILS)
            known = {ledger_id: details for ledger_id, details in rows}  # noqa: C416  (a Row is no pair to mypy)
        changed = {ledger_id: details for ledger_id, details in told.items() if known.get(ledger_id) != details}
        if changed:
            with self._database.writing() as connection:
                for ledger_id, details in changed.items():
                    self._database.upsert(connection, ledgers, {"ledger_id": ledger_id, "details": details})

    def all(self) -> list[StoredLedger]:
        """Return every ledger, in the order of their ids."""
        with self._database.reading() as connection:
            return [_stored(row) for row in connection.execute(_ALL)]

    def in_trouble(self) -> list[StoredLedger]:
        """Return the ledgers that are held or could not be read to their end, in the order of their ids."""
        troubled = or_(ledgers.c.hold_reason.is_not(None), ledgers.c.trouble.is_not(None))
        with self._database.reading() as connection:
            return [_stored(row) for row in connection.execute(_ALL.where(troubled))]

    def count(self) -> int:
        """Return how many ledgers are known."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(ledgers)) or 0

    def get(self, ledger_id: str) -> StoredLedger:
        """Return one ledger. Raises NotFound where there is none of that id."""
        return _stored(self._row(ledger_id))

    def hold(self, ledger_id: str, reason: str, now: datetime) -> None:
        """Keep a ledger from being settled until it is released (rule 21)."""
        self._change(ledger_id, "hold_reason", "held_at", reason, now)

    def release(self, ledger_id: str) -> None:
        """Let a held ledger be settled again."""
        self._change(ledger_id, "hold_reason", "held_at", None, None)

    def troubled(self, ledger_id: str, reason: str, now: datetime) -> None:
        """Note that a ledger could not be read to its end; since when stays as it is while the trouble lasts."""
        self._change(ledger_id, "trouble", "trouble_since", reason, now)

    def recovered(self, ledger_id: str) -> None:
        """Note that a ledger was read to its end, or is not to be read any more."""
        self._change(ledger_id, "trouble", "trouble_since", None, None)

    def caught_up(self, ledger_id: str, now: datetime) -> None:
        """Note that both books of a ledger have been read to their end; only the first time counts."""
        with self._database.writing() as connection:
            connection.execute(_CAUGHT_UP, {"wanted": ledger_id, "caught_up_at": to_micros(now)})

    def _change(self, ledger_id: str, what: str, since: str, reason: str | None, now: datetime | None) -> None:
        row = self._row(ledger_id)._mapping
        if row[what] != reason:
            began = row[since] if row[since] is not None and reason is not None else now and to_micros(now)
            self._update(ledger_id, {what: reason, since: began})

    def _row(self, ledger_id: str) -> Row[tuple[object, ...]]:
        with self._database.reading() as connection:
            row = connection.execute(_ONE, {"wanted": ledger_id}).one_or_none()
        if row is None:
            raise NotFound(
                f"no ledger {ledger_id or repr('')} is known here; settlement-bridge ledgers lists those that are"
            )
        return row

    def _update(self, ledger_id: str, values: dict[str, object]) -> None:
        with self._database.writing() as connection:
            connection.execute(_CHANGE, {"wanted": ledger_id, **values})


def _stored(row: Row[tuple[object, ...]]) -> StoredLedger:
    _, details, hold_reason, held_at, caught_up_at, trouble, trouble_since = row
    return StoredLedger(
        _LEDGER.validate_json(str(details)),
        hold_reason,
        _instant(held_at),
        _instant(caught_up_at),
        trouble,
        _instant(trouble_since),
    )


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
