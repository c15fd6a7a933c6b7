"""Personal data on its way: into the store for as long as it may be kept, and from there beside the rows."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from settlement_bridge.model import Page, Payer, Settlement, Transaction
from settlement_bridge.store import Store

ROWS_AT_ONCE = 500


def without_old_payers(page: Page, retention: timedelta | None, now: datetime) -> Page:
    """Return a page with the payers that may still be kept; one without any stays as it is."""
    if not page.payers:
        return page
    kept = tuple(payer for payer in page.payers if retention and payer.time >= now - retention)
    return replace(page, payers=kept)


class PayersOfRows:
    """Gives rows their payers, a few hundred at a time; see model.Payers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(
        self, settlement: Settlement, rows: Iterable[Transaction]
    ) -> Iterator[tuple[Transaction, Payer | None]]:
        """Yield each row with its payer: that of its own pspReference, which only its first row on a ledger has."""
        rest = iter(rows)
        while some := list(islice(rest, ROWS_AT_ONCE)):
            references = [row.mapped_from or str(row.number) for row in some]
            known = self._store.payers.find(settlement.ledger_id, references)
            yield from zip(some, map(known.get, references), strict=True)
