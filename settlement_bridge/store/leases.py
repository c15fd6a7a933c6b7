"""Leases: at most one process works on something at a time, and one that lost its lease can no longer write."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, text, update

from settlement_bridge.errors import Busy
from settlement_bridge.instants import from_micros, to_micros
from settlement_bridge.store.database import Database
from settlement_bridge.store.moved import must_be_here
from settlement_bridge.store.tables import leases

_TAKE = text(
    "INSERT INTO leases (name, holder, token, since, expires) VALUES (:name, :holder, 1, :now, :expires)"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = leases.token + 1, since = excluded.since,"
    " expires = excluded.expires WHERE leases.expires <= excluded.since"
)
_ONE = select(leases).where(leases.c.name == bindparam("wanted"))
# Waits for what is still being written under a lease that has run out (see Database).
_WHEN_NOBODY_WRITES = _ONE.with_for_update()
_CHANGE = update(leases).where(leases.c.name == bindparam("wanted"), leases.c.token == bindparam("mine"))


@dataclass(frozen=True)
class Holder:
    """Who has a lease."""

    name: str
    since: datetime


class Leases:
    """Named leases. While one is held through a store, every transaction of that store verifies it (see Database)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, name: str, holder: str, seconds: float, now: datetime) -> int:
        """Take a lease for some seconds and return its token, which counts up with every new holder.

        `holder` is shown to whoever comes second. A lease that ran out, as after a crash, is taken over. Raises Busy,
        naming the holder and since when, while it is somebody's, and StoreMoved where the store has gone elsewhere.
        """
        term: dict[str, Any] = {"name": name, "holder": holder, "now": to_micros(now), "expires": _expiry(now, seconds)}
        with self._database.writing(fenced=False) as connection:
            must_be_here(connection, self._database.address)
            row = connection.execute(_ONE, {"wanted": name}).one_or_none()
            taken = False
            if row is None or row.expires <= term["now"]:
                connection.execute(_WHEN_NOBODY_WRITES, {"wanted": name})
                taken = connection.execute(_TAKE, term, execution_options={"preserve_rowcount": True}).rowcount == 1
                row = connection.execute(_ONE, {"wanted": name}).one()
        if not taken:
            since, expires = (from_micros(at).isoformat(timespec="seconds") for at in (row.since, row.expires))
            raise Busy(
                f"{row.holder} has been working on this store since {since}; wait until it is done, or stop it; "
                f"if it was killed, others may begin at {expires}"
            )
        self._database.leases_held[name] = row.token
        return int(row.token)

    def holder(self, name: str, now: datetime) -> Holder | None:
        """Return who has a lease; None where nobody does, or where it ran out."""
        query = select(leases.c.holder, leases.c.since).where(leases.c.name == name, leases.c.expires > to_micros(now))
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Holder(row.holder, from_micros(row.since))

    def renew(self, name: str, seconds: float, now: datetime) -> None:
        """Keep a lease for some more seconds. Raises Busy where somebody has taken it over."""
        self._set_expiry(name, _expiry(now, seconds))

    def release(self, name: str) -> None:
        """Give a lease back; one that somebody has taken over meanwhile stays theirs."""
        try:
            # The row stays, so that its token never comes back.
            self._set_expiry(name, 0)
        except Busy:
            pass
        finally:
            self._database.leases_held.pop(name, None)

    def _set_expiry(self, name: str, expires: int) -> None:
        mine = {"wanted": name, "mine": self._database.leases_held.get(name)}
        with self._database.writing(fenced=False) as connection:
            if connection.execute(_CHANGE, {**mine, "expires": expires}).rowcount == 1:
                return
            row = connection.execute(_ONE, {"wanted": name}).one_or_none()
        holder = row.holder if row else "nobody"
        raise Busy(f"{holder} has the lease {name!r} now; this process was too slow to renew it")


def _expiry(now: datetime, seconds: float) -> int:
    return to_micros(now + timedelta(seconds=seconds))
