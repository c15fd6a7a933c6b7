"""A ledger read again from the start, to get over what held it (rule 21)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from settlement_bridge.bridge.outcome import LedgerOutcome, LedgerState, Progress
from settlement_bridge.bridge.payers import without_old_payers
from settlement_bridge.bridge.read import within_64_bits
from settlement_bridge.bridge.settle import SettlementRules, settle_ledger
from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Book, PayoutRecord
from settlement_bridge.report_api import ReportApi
from settlement_bridge.store import Difference, Store


def resync(
    store: Store,
    api: ReportApi,
    rules: SettlementRules,
    ledger_id: str,
    clock: Callable[[], datetime],
    progress: Progress,
    retention: timedelta | None = None,
) -> LedgerOutcome:
    """Read a ledger anew beside its mirror, compare, and put it in the mirror's place; nothing is published.

    Where it tells another story of what was settled, the old mirror stays and the ledger is held. Raises NotFound
    for an unknown ledger, and what reading raises.
    """
    store.ledgers.get(ledger_id)
    listed, refused = api.listing()
    for error in refused:
        if error.ledger_id == ledger_id:
            raise error
    store.ledgers.remember([one for one in listed if one.ledger_id == ledger_id])
    ledger = store.ledgers.get(ledger_id).ledger
    fresh = store.mirror.begin_resync(ledger_id, by_payout=api.by_payout)
    entries = 0
    try:
        with within_64_bits(ledger_id):
            for page in api.pages(ledger, fresh.cursors):
                new = fresh.append(without_old_payers(page, retention, clock()))
                entries += new
                progress.mirrored(ledger_id, new)
            _refuse_other_story(ledger_id, fresh.differences(), store.settlements.last_payout(ledger_id))
            store.mirror.finish_resync(fresh)
            store.ledgers.release(ledger_id)
            payouts: list[PayoutRecord] = []
            for record in settle_ledger(store, ledger, rules, clock()):
                payouts.append(record)
                progress.settled(record)
    except DataRefused as refused:
        store.ledgers.hold(ledger_id, refused.reason, clock())
        return LedgerOutcome(ledger_id, LedgerState.HELD, refused.reason, entries)
    return LedgerOutcome(ledger_id, LedgerState.SERVED, entries=entries, payouts=tuple(payouts))


def _refuse_other_story(ledger_id: str, differences: list[Difference], last: PayoutRecord | None) -> None:
    if last is None:
        return
    settled = {Book.FUNDS: last.payout.last_position, Book.FEES: last.fees_position}
    for difference in differences:
        if difference.position <= settled[difference.book]:
            raise DataRefused(
                ledger_id,
                f"what was settled up to payout {last.payout.number} has changed since: {difference.sentence}. The "
                "published files stay as they are; ask the provider which of the two is right",
            )
