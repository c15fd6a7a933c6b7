"""A file never says other sums than those that were proven (rule 11)."""

from collections.abc import Iterable, Iterator

from settlement_bridge.errors import RenderingRefused
from settlement_bridge.model import Settlement, Totals, Transaction
from settlement_bridge.money import decimal_text


def proven(settlement: Settlement, transactions: Iterable[Transaction]) -> Iterator[Transaction]:
    """Yield the rows; raise RenderingRefused behind the last one unless they add up to the settlement's totals."""
    count = captures = refunds = fees = 0
    for transaction in transactions:
        yield transaction
        count += 1
        captures += transaction.capture
        refunds += transaction.refund
        fees += transaction.fee
    refuse_other_totals(settlement, Totals(count, captures, refunds, fees))


def refuse_other_totals(settlement: Settlement, written: Totals) -> None:
    """Raise RenderingRefused, with both, unless what was written is what was proven."""
    if written != settlement.totals:
        raise RenderingRefused(
            f"payout {settlement.payout} of ledger {settlement.ledger_id}, sales unit {settlement.msn}: "
            f"its rows are {_sums(written)}, but {_sums(settlement.totals)} were proven; "
            f"read the ledger again with `settlement-bridge resync {settlement.ledger_id}`"
        )


def _sums(totals: Totals) -> str:
    captures, refunds, fees = map(decimal_text, (totals.captures, totals.refunds, totals.fees))
    return f"{totals.count} with captures {captures}, refunds {refunds} and fees {fees}"
