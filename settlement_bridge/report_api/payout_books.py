"""A v1 payout told in v2's words: two books that begin at 0 and end at 0.

v1 lists a payout's transactions with their fees. Here every transaction becomes a funds entry, every fee a fees
entry, and the entries that give a book its structure (`fees-retained`, `fees-invoiced`, `payout-scheduled`) are added
behind them, so that nothing further in knows two dialects.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from settlement_bridge.model import INVOICED, PAYOUT_TYPES, RETAINED, Book, Ledger, LedgerEntry, SettlementType
from settlement_bridge.report_api.decode import Shape, columns, is_amount
from settlement_bridge.report_api.strict_json import Untrue, shown

TRANSACTION = Shape(
    psp_reference="transactionId",
    time="timestamp",
    ledger_date="ledgerDate",
    entry_type="transactionType",
    reference="orderId",
    handle="recipientHandle",
    money=("ledgerAmount", "grossAmount", "fee"),
    constants=("currency", "ledgerId"),
)
PAYOUT_ROW = "payout"
CAPTURE_FEE = "capture-fee"
_PAYOUT_NUMBER = re.compile("[0-9]{7}")

Entries = dict[Book, list[LedgerEntry]]


class _Row(NamedTuple):
    """A transaction as v1 gives it."""

    transaction_id: str
    time: datetime
    ledger_date: date
    type: str
    order_id: str | None
    handle: str | None
    ledger_amount: int
    gross_amount: int
    fee: int
    extra: str | None


class PayoutBooks:
    """Translates one payout, page by page; keeps sums and the page before, never the payout."""

    def __init__(self, ledger: Ledger, number: int) -> None:
        self._ledger = ledger
        self._number = number
        self._balances = {Book.FUNDS: 0, Book.FEES: 0}
        self._ledger_amounts = 0
        self._type: SettlementType | None = None
        self._payout: _Row | None = None
        self._before: dict[str, _Row] = {}

    @property
    def complete(self) -> bool:
        """Whether the payout row has been seen; until then the payout waits (rule 2)."""
        return self._payout is not None

    def take(self, items: list[dict[str, Any]]) -> Entries:
        """Return a page's entries; raise Untrue for rows that cannot be this payout's."""
        entries: Entries = {Book.FUNDS: [], Book.FEES: []}
        for row in self._new_rows(items):
            if row.type == PAYOUT_ROW:
                self._take_payout(row)
            else:
                self._take_transaction(row, entries)
        return entries

    def close(self) -> Entries:
        """Return the entries that end both books; raise Untrue where the rows do not sum to the payout."""
        payout = self._payout
        if payout is None:
            raise ValueError("a payout without its row is not complete")
        if self._ledger_amounts != -payout.ledger_amount:
            raise Untrue(
                f"the ledgerAmount of its transactions sum to {self._ledger_amounts}, but payout {self._number} "
                f"(transactionId {shown(payout.transaction_id)}) is {payout.ledger_amount}"
            )
        entries = self._settle_fees(payout)
        psp_reference = f"{self._ledger.ledger_id}-{self._number}"
        row = payout._replace(transaction_id=psp_reference, handle=None)
        entries[Book.FUNDS].append(self._entry(Book.FUNDS, row, PAYOUT_TYPES[0], payout.ledger_amount))
        return entries

    def _new_rows(self, items: list[dict[str, Any]]) -> Iterable[_Row]:
        """Yield the rows that no page repeats; only the page before is remembered, the sums catch what is older."""
        page = columns(items, TRANSACTION, (self._ledger.currency, self._ledger.ledger_id))
        current: dict[str, _Row] = {}
        for row in map(_Row._make, zip(*page[:6], *page.money, page.extras, strict=True)):
            held = current.get(row.transaction_id) or self._before.get(row.transaction_id)
            if held is None:
                yield row
            elif held != row:
                raise Untrue(f"transactionId {shown(row.transaction_id)} comes twice, with different content")
            current[row.transaction_id] = row
        self._before = current

    def _take_payout(self, row: _Row) -> None:
        if self._payout is not None:
            raise Untrue(f"there are two payout rows, {self._payout.transaction_id!r} and {row.transaction_id!r}")
        named = row.order_id and _PAYOUT_NUMBER.fullmatch(row.order_id)
        if named and int(named[0]) != self._number:
            raise Untrue(
                f"payout {self._number} was asked for, but its payout row {row.transaction_id!r} is {named[0]}"
            )
        if row.fee:
            raise Untrue(f"the payout row {row.transaction_id!r} has a fee of {row.fee}")
        self._payout = row

    def _take_transaction(self, row: _Row, entries: Entries) -> None:
        self._check_type(row)
        self._ledger_amounts += row.ledger_amount
        entries[Book.FUNDS].append(self._entry(Book.FUNDS, row, row.type, row.gross_amount))
        if row.fee:
            entries[Book.FEES].append(self._entry(Book.FEES, row._replace(extra=None), CAPTURE_FEE, -row.fee))

    def _check_type(self, row: _Row) -> None:
        """Find out whether fees are kept back or invoiced; all rows of a payout must agree."""
        kept_back = row.gross_amount - row.ledger_amount
        if kept_back not in (0, row.fee):
            raise Untrue(
                f"ledgerAmount is {row.ledger_amount}, neither grossAmount {row.gross_amount} nor that less "
                f"fee {row.fee} (transactionId {shown(row.transaction_id)})"
            )
        if not row.fee:
            return
        type_ = SettlementType.NET if kept_back else SettlementType.GROSS
        if self._type not in (None, type_):
            raise Untrue(
                f"the fees of payout {self._number} are both retained and not: transactionId "
                f"{shown(row.transaction_id)} is {type_}, those before it are {self._type}"
            )
        self._type = type_

    def _settle_fees(self, payout: _Row) -> Entries:
        """Return the pair that moves the fees from one book to the other, or the entry that invoices them."""
        entries: Entries = {Book.FUNDS: [], Book.FEES: []}
        fees = -self._balances[Book.FEES]
        if self._type is None:
            return entries
        type_ = RETAINED if self._type is SettlementType.NET else INVOICED
        row = payout._replace(
            transaction_id=f"{type_}-{self._ledger.ledger_id}-{self._number}", order_id=None, handle=None, extra=None
        )
        if type_ == RETAINED:
            entries[Book.FUNDS].append(self._entry(Book.FUNDS, row, type_, -fees))
        entries[Book.FEES].append(self._entry(Book.FEES, row, type_, fees))
        return entries

    def _entry(self, book: Book, row: _Row, entry_type: str, amount: int) -> LedgerEntry:
        before = self._balances[book]
        if not is_amount(before + amount):
            raise Untrue(f"the balance of {book} leaves 64 bits (transactionId {shown(row.transaction_id)})")
        self._balances[book] = before + amount
        return LedgerEntry(
            row.transaction_id,
            row.time,
            row.ledger_date,
            entry_type,
            row.order_id,
            amount,
            before,
            row.handle,
            row.extra,
        )
