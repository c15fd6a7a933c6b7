"""Who gets which part of a payout, and the proof that the parts are the whole (rules 10 to 12)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Ledger, Payout, SettlementType, Totals, Transaction
from settlement_bridge.settlement.rows import SalesUnitRow, msn_of


def by_sales_unit(rows: Iterable[SalesUnitRow]) -> dict[str, list[Transaction]]:
    """Return some rows by sales unit, each one's in their order."""
    found: defaultdict[str, list[Transaction]] = defaultdict(list)
    for msn, row in rows:
        found[msn].append(row)
    return found


class Tally:
    """Adds up rows by sales unit, as they pass."""

    def __init__(self) -> None:
        self._totals: dict[str, Totals] = {}

    def add(self, msn: str, rows: Sequence[Transaction]) -> None:
        """Count some more rows of a sales unit."""
        self._totals[msn] = self._totals.get(msn, Totals()).with_rows(rows)

    def totals(self) -> dict[str, Totals]:
        """Return the sums so far, by sales unit in the order of their first rows."""
        return dict(self._totals)


def default_msn(ledger: Ledger, with_rows: Iterable[str | None]) -> str:
    """Return the sales unit of rows without a handle, given the MSNs of the others, None among them (rule 12).

    Raises DataRefused where neither the ledger nor its rows name a sales unit.
    """
    named = sorted(filter(None, with_rows))
    by_ledger = list(filter(None, map(msn_of, ledger.handles)))
    candidates = [*(msn for msn in by_ledger if msn in named), *by_ledger, *named]
    if candidates:
        return candidates[0]
    raise DataRefused(ledger.ledger_id, "neither the ledger nor its entries name a sales unit to settle with")


def heir(ledger: Ledger, with_rows: Collection[str], default: str) -> str:
    """Return the sales unit that gets what the shares leave over: the default one, if it has rows (rule 12).

    It has none where a payout consists of late fees of other sales units.
    """
    by_ledger = (msn for msn in map(msn_of, ledger.handles) if msn in with_rows)
    return default if default in with_rows else next(by_ledger, None) or min(with_rows)


def prove(
    payout: Payout, settlement_type: SettlementType, entries_sum: int, rows: Iterable[Totals], balance_row: bool
) -> None:
    """Check a payout to the øre before anything of it is published (rule 11); raise DataRefused where it fails.

    `entries_sum` is the sum of the period's funds entries without the payout, counted apart from the rows.
    """
    expected = payout.amount + payout.balance_after
    if payout.balance_before + entries_sum != expected:
        raise DataRefused(
            payout.ledger_id,
            f"payout {payout.number}: the balance before ({payout.balance_before}) and the period's entries "
            f"({entries_sum}) do not make the payout and the balance after ({expected})",
        )
    if balance_row:
        return
    rows_sum = sum(total.gross if settlement_type is SettlementType.GROSS else total.net for total in rows)
    if rows_sum != entries_sum:
        hint = (
            "; it is settled gross although fees were retained: check ledgers.<id>.settlement in the configuration"
            if settlement_type is SettlementType.GROSS
            else ""
        )
        raise DataRefused(
            payout.ledger_id,
            f"payout {payout.number}: its rows come to {rows_sum}, the period's entries to {entries_sum}{hint}",
        )


def shares(payout: Payout, settlement_type: SettlementType, totals: Mapping[str, Totals], heir: str) -> dict[str, int]:
    """Return what each sales unit was paid: its rows, and to the heir what they leave over (rules 10, 12)."""
    paid = {msn: total.gross if settlement_type is SettlementType.GROSS else total.net for msn, total in totals.items()}
    paid[heir] += payout.amount - sum(paid.values())
    return paid
