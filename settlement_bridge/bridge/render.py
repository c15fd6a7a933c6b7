"""A payout's files made again: to look at, or to publish once more."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import BinaryIO

from settlement_bridge.bridge.deliver import Deliverer
from settlement_bridge.bridge.format_choice import FormatChoice
from settlement_bridge.bridge.handover import Delivered, report_of
from settlement_bridge.bridge.settings import BridgeSettings
from settlement_bridge.errors import DeliveryRefused
from settlement_bridge.model import PayoutRecord, PayoutState
from settlement_bridge.publish import file_name
from settlement_bridge.store import DeliveryState, Store, StoredSettlement


def render(
    store: Store, settings: BridgeSettings, ledger_id: str, payout: int, choice: FormatChoice, now: datetime
) -> Iterator[tuple[str, Callable[[BinaryIO], None]]]:
    """Yield file name and writer of each of a payout's files, one a sales unit; nothing is published.

    Raises NotFound for a payout that is not in the store, DeliveryRefused for one that is not settled yet, or whose
    sales unit's number is not safe in a file name.
    """
    form = choice.form()
    settled = _settlements(store, store.settlements.payout(ledger_id, payout))
    deliverer = Deliverer(store, settings)
    for stored in (deliverer.as_published(one, now) for one in settled):
        report = report_of(store, stored, settings)
        yield file_name(stored.settlement.msn, str(payout), form.extension), partial(form.write, report)


def republish(store: Store, settings: BridgeSettings, ledger_id: str, payout: int, now: datetime) -> list[Delivered]:
    """Deliver a payout's files once more, with what is known of the merchant now (rule 23).

    Also one that is older than the first to publish. A file that is still there and differs is not overwritten.
    Raises NotFound, and DeliveryRefused for a payout that is not proven.
    """
    record = store.settlements.payout(ledger_id, payout)
    hold = store.ledgers.get(ledger_id).hold_reason
    if hold:
        raise DeliveryRefused(f"ledger {ledger_id} is held, nothing of it is published: {hold}")
    if record.state is PayoutState.WITHHELD:
        raise DeliveryRefused(f"payout {payout} of ledger {ledger_id} is withheld: {record.reason}")
    deliverer = Deliverer(store, settings)
    results = []
    for stored in (deliverer.described(one, now) for one in _settlements(store, record)):
        delivered = deliverer.deliver_again(stored, now)
        if all(one.state is DeliveryState.DELIVERED for one in delivered):
            store.settlements.renew(stored)
        results.extend(delivered)
    return results


def _settlements(store: Store, record: PayoutRecord) -> list[StoredSettlement]:
    payout = record.payout
    if record.state is PayoutState.WAITING:
        raise DeliveryRefused(
            f"payout {payout.number} of ledger {payout.ledger_id} is not settled yet: {record.reason}"
        )
    return store.settlements.of_payout(payout.ledger_id, payout.number)
