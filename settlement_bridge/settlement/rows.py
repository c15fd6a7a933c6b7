"""From funds entries and fees to the rows of a settlement (rules 5, 9, 10 and 12)."""

from collections.abc import Iterable, Iterator

from settlement_bridge.instants import to_micros
from settlement_bridge.model import FeeGroup, FundsRow, Payout, SettlementType, Transaction
from settlement_bridge.settlement.ids import TransactionIds

PAYMENT_TYPES = frozenset(("capture", "refund"))
"""The types the old service knew; without a reference their OrderID is empty, as in its files."""

SalesUnitRow = tuple[str, Transaction]
"""A row with the MSN it belongs to."""


def msn_of(handle: str | None) -> str | None:
    """Return what follows the colon of a recipientHandle (rule 12)."""
    return (handle or "").partition(":")[2] or None


class RowWriter:
    """Turns the entries of one payout into rows, in ledger order, then the fees that stand alone.

    Call `funds` to its end, then `fees` to its end, then `balance`. Nothing is kept but the sales units of credits.
    """

    def __init__(self, payout: Payout, settlement_type: SettlementType, ids: TransactionIds, default_msn: str) -> None:
        self._payout = payout
        self._gross = settlement_type is SettlementType.GROSS
        self._ids = ids
        self._default_msn = default_msn
        self._credits: dict[str, str] = {}
        self.disowned: set[str] = set()
        """References whose fees found no row of their own capture here although they share its reference."""
        self.fees_placed = 0
        """How many entries of the fees book are on rows; the others need rows of their own."""

    def funds(self, rows: Iterable[FundsRow]) -> Iterator[SalesUnitRow]:
        """Yield a row for each entry by its sign, with the fees of its capture (rules 5 and 9)."""
        msns: dict[str | None, str] = {}
        of_row = self._ids.of_row
        for row in rows:
            psp_reference, number, instant, entry_type, reference, amount, handle, _, fee_entries = row
            msn = msns.get(handle)
            if msn is None:
                msn = msns[handle] = msn_of(handle) or self._default_msn
            (number, mapped_from), first = of_row(psp_reference, number, entry_type)
            fee = self._fee(row, first, msn) if fee_entries else 0
            order = reference or order_id(reference, entry_type)
            capture, refund = (amount, 0) if amount >= 0 else (0, amount)
            yield msn, Transaction(instant, capture, refund, fee, number, order, mapped_from)

    def _fee(self, row: FundsRow, first: bool, msn: str) -> int:
        if not first:
            if not self._ids.begun_here(row.psp_reference):
                self.disowned.add(row.psp_reference)
            return 0
        if row.fee < 0 and not self._gross:
            self._credits[row.psp_reference] = msn
            return 0
        self.fees_placed += row.fee_entries
        return max(row.fee, 0)

    def fees(self, groups: Iterable[FeeGroup]) -> Iterator[SalesUnitRow]:
        """Yield a row for each reference whose fees are on no row: without its capture, or a credit (rule 9)."""
        for group in groups:
            number, mapped_from = self._ids.of_fee(group.psp_reference)
            msn = self._credits.get(group.psp_reference) or group.msn or msn_of(group.handle) or self._default_msn
            yield (
                msn,
                Transaction(
                    group.instant,
                    max(-group.fee, 0),
                    0,
                    max(group.fee, 0),
                    number,
                    order_id(group.reference, group.entry_type),
                    mapped_from,
                ),
            )

    def balance(self) -> SalesUnitRow:
        """Return the one row of a payout that has none: a reserve paid out (rule 10)."""
        number, mapped_from = self._ids.of_balance()
        paid = self._payout.amount
        return self._default_msn, Transaction(
            to_micros(self._payout.time), max(paid, 0), min(paid, 0), 0, number, "balance", mapped_from
        )


def order_id(reference: str | None, entry_type: str) -> str:
    """Return the OrderID of an entry: its reference, or its type where it has none (rule 5)."""
    return reference or ("" if entry_type in PAYMENT_TYPES else entry_type)
