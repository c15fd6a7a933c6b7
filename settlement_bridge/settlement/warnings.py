"""What somebody should look at although the payout is right (rule 22)."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from settlement_bridge.model import KNOWN_TYPES, Ledger, Payout

FEES_OVERDUE = timedelta(days=62)
"""Invoices come monthly; fees unpaid for two months are worth a question."""


def payout_warnings(
    ledger: Ledger,
    payout: Payout,
    missing: range,
    kinds: Iterable[tuple[str, str | None]],
    unknown_fields: Iterable[str],
    unpaid_since: date | None,
) -> Iterator[str]:
    """Yield one sentence for everything odd about a payout.

    `missing` are the payout numbers not seen before it, `kinds` the types and handles of its rows,
    `unknown_fields` JSON texts of fields that some of them carry, `unpaid_since` the date of the oldest fee that
    nothing has retained or invoiced.
    """
    kinds = list(kinds)
    if missing:
        span = str(missing[0]) if len(missing) == 1 else f"{missing[0]} to {missing[-1]}"
        yield f"payout {payout.number}: number {span} before it was never seen"
    for entry_type in sorted({kind[0] for kind in kinds} - KNOWN_TYPES):
        yield f"payout {payout.number}: entries of the unknown type {entry_type!r} were booked by their sign"
    for extra in sorted(unknown_fields):
        yield f"payout {payout.number}: entries carry JSON fields this version does not know: {extra}"
    if len(ledger.handles) > 1 and any(kind[1] is None for kind in kinds):
        yield f"payout {payout.number}: entries of this joint ledger name no sales unit; the first one has them"
    if unpaid_since and payout.ledger_date - unpaid_since > FEES_OVERDUE:
        yield f"payout {payout.number}: fees since {unpaid_since} are neither retained nor invoiced"
