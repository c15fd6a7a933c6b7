"""From a mirrored ledger to proven settlements: payout after payout, each from one view of the books."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import islice

from settlement_bridge.bridge.relink import relink
from settlement_bridge.model import (
    PAYOUT_TYPES,
    RETAINED,
    Book,
    FeeSelection,
    Ledger,
    Mark,
    Payout,
    PayoutRecord,
    PayoutState,
    Settlement,
    SettlementType,
    Totals,
)
from settlement_bridge.settlement import fees, payouts, shares
from settlement_bridge.settlement.ids import TransactionIds
from settlement_bridge.settlement.merchants import Directory
from settlement_bridge.settlement.rows import RowWriter, SalesUnitRow, msn_of
from settlement_bridge.settlement.warnings import payout_warnings
from settlement_bridge.store import Periods, RowKind, SettlementDraft, Store

ROWS_AT_ONCE = 2000
OPENING_UNKNOWN = "the books begin in the middle of this payout, so that not all of it is known (rule 4)"


@dataclass(frozen=True)
class SettlementRules:
    """What the configuration says about settling."""

    directory: Directory = field(default_factory=Directory)
    types: Mapping[str, SettlementType] = field(default_factory=dict)
    """Settlement types by ledger id, where the configuration sets one (rule 6)."""


def settle_ledger(store: Store, ledger: Ledger, rules: SettlementRules, now: datetime) -> Iterator[PayoutRecord]:
    """Settle a ledger's payouts in order, as far as they are known, and yield what became of each.

    Both books must have been read to their end just before. Stops at the first payout that waits. Raises DataRefused
    where a payout cannot be true; the ones before it stay settled.
    """
    previous = store.settlements.last_payout(ledger.ledger_id)
    while True:
        with store.reading() as connection:
            periods = Periods(connection, ledger.ledger_id)
            if Book.FUNDS not in periods.states:
                return
            if previous and previous.book_id != periods.states[Book.FUNDS].book_id:
                previous = relink(periods, previous)
                if previous is None:
                    return
                store.settlements.relinked(previous)
            record = _Closing(store, periods, ledger, rules, previous, now).close_next()
        if record is None:
            return
        yield record
        if record.state is PayoutState.WAITING:
            return
        previous = record


@dataclass(frozen=True)
class _Closing:
    """The closing of one payout."""

    store: Store
    periods: Periods
    ledger: Ledger
    rules: SettlementRules
    previous: PayoutRecord | None
    now: datetime

    def close_next(self) -> PayoutRecord | None:
        """Settle the next payout of the ledger; None where there is none yet."""
        after = self.previous.payout.last_position if self.previous else 0
        retained: list[Mark] = []
        for mark in self.periods.marks(Book.FUNDS, after):
            if mark.entry.entry_type == RETAINED:
                retained.append(mark)
            elif mark.entry.entry_type in PAYOUT_TYPES:
                first = self.periods.entry(Book.FUNDS, after + 1)
                previous = self.previous.payout if self.previous else None
                return self._close(payouts.close_payout(self.ledger.ledger_id, mark, first, previous), retained)
        return None

    def _close(self, payout: Payout, retained: list[Mark]) -> PayoutRecord:
        decision = self._decide(payout, retained)
        found = self._fees(payout, decision.type, retained)
        if isinstance(found, fees.Waiting):
            record = PayoutRecord(payout, PayoutState.WAITING, found.reason, decision.type, decision.decided)
            self.store.settlements.keep_waiting(record)
            return record
        kinds = self.periods.kinds(payout)
        record = PayoutRecord(
            payout=payout,
            state=PayoutState.WITHHELD if found.incomplete else PayoutState.SETTLED,
            reason=OPENING_UNKNOWN if found.incomplete else None,
            settlement_type=decision.type,
            type_decided=decision.decided,
            fees_position=found.position,
            book_id=self.periods.states[Book.FUNDS].book_id,
            warnings=tuple(self._warnings(payout, kinds)),
        )
        with self.store.settlements.draft(payout) as draft:
            default = shares.default_msn(self.ledger, self._with_rows(payout, kinds, found.selection))
            draft.settle(record, self._settle(draft, record, found.selection, default))
        return record

    def _with_rows(self, payout: Payout, kinds: list[RowKind], selection: FeeSelection) -> set[str | None]:
        """Return the MSNs that rows of the payout name, those of fees without a capture included (rule 9)."""
        msns = {msn_of(kind.handle) for kind in kinds}
        if len({msn_of(handle) for handle in self.ledger.handles}) > 1:  # else it would be looked for in vain
            msns.update(fee.msn or msn_of(fee.handle) for fee in self.periods.fee_groups(payout, selection, ()))
        return msns

    def _warnings(self, payout: Payout, kinds: list[RowKind]) -> Iterator[str]:
        missing = payouts.numbers_missing(self.previous.payout if self.previous else None, payout)
        unknown = self.periods.unknown_fields(payout)
        return payout_warnings(self.ledger, payout, missing, kinds, unknown, self.periods.unpaid_fees_since())

    def _decide(self, payout: Payout, retained: list[Mark]) -> fees.Decision:
        before = self.previous
        return fees.decide_type(
            configured=self.rules.types.get(self.ledger.ledger_id),
            has_retained=bool(retained),
            previous=fees.Decision(before.settlement_type, before.type_decided) if before else None,
            has_unretained=lambda: self._has_unretained(payout),
        )

    def _has_unretained(self, payout: Payout) -> bool:
        """Tell whether some fee of a payout's rows is in no collection, not even one of a payout to come."""
        if Book.FEES not in self.periods.states:
            return False
        collected = list(fees.collections(self.periods.marks(Book.FEES), 1, self._level(0)))
        retained = fees.select_net(collected, self.periods.fees)
        return not all(map(retained.covers, self.periods.fee_positions(payout)))

    def _fees(self, payout: Payout, settlement_type: SettlementType, retained: list[Mark]) -> "fees.Waiting | _Fees":
        position = self.previous.fees_position if self.previous else 0
        opens_unknown = self.previous is None and any(state.opening for state in self.periods.states.values())
        if settlement_type is SettlementType.GROSS and self.periods.states[Book.FUNDS].by_payout:
            return _Fees(fees.select_gross(payout), position, opens_unknown)  # given whole, fees and all
        if settlement_type is SettlementType.GROSS:
            waiting = fees.gross_fees_may_come(payout, self.periods.reach(Book.FEES), self.now)
            return waiting or _Fees(fees.select_gross(payout), position, opens_unknown)
        if not retained:
            return _Fees(FeeSelection(), position, opens_unknown)
        level = self._level(position)
        marks = self.periods.marks(Book.FEES, position) if Book.FEES in self.periods.states else []
        collected = fees.pair_retained(
            self.ledger.ledger_id, retained, list(fees.collections(marks, position + 1, level))
        )
        if collected is None:
            return fees.waits_for_pair(payout, self.now)
        selection = fees.select_net(collected, self.periods.fees)
        return _Fees(selection, collected[-1].closed.position, opens_unknown or level is None)

    def _level(self, position: int) -> int | None:
        if position:
            return self.periods.entry(Book.FEES, position).balance_after
        state = self.periods.states.get(Book.FEES)
        return None if state and state.opening else 0

    def _settle(
        self, draft: SettlementDraft, record: PayoutRecord, selection: FeeSelection, default: str
    ) -> list[Settlement]:
        payout = record.payout
        writer = RowWriter(payout, record.settlement_type, self._ids(payout), default)
        tally = shares.Tally()
        _keep(draft, tally, self._rows(writer, payout, selection))
        balance_row = not tally.totals()
        if balance_row:
            _keep(draft, tally, iter([writer.balance()]))
        totals = tally.totals()
        if record.state is PayoutState.SETTLED:
            shares.prove(payout, record.settlement_type, self.periods.entries_sum(payout), totals.values(), balance_row)
        heir = shares.heir(self.ledger, totals, default)
        paid = shares.shares(payout, record.settlement_type, totals, heir)
        return [self._settlement(record, msn, totals[msn], paid[msn], msn == heir) for msn in totals]

    def _ids(self, payout: Payout) -> TransactionIds:
        @cache
        def mapped() -> Sequence[int]:
            return self.periods.mapped_numbers(payout)

        def is_row(number: int) -> bool:
            at = bisect_left(mapped(), number)
            return at < len(mapped()) and mapped()[at] == number

        shared = self.periods.shared_numbers(payout)
        by_payout = self.periods.states[Book.FUNDS].by_payout
        return TransactionIds(payout, self.periods.behind, shared, is_row, by_payout)

    def _rows(self, writer: RowWriter, payout: Payout, selection: FeeSelection) -> Iterator[SalesUnitRow]:
        yield from writer.funds(self.periods.funds_rows(payout, selection))
        if writer.fees_placed < self.periods.fee_entries(selection):
            yield from writer.fees(self.periods.fee_groups(payout, selection, writer.disowned))

    def _settlement(self, record: PayoutRecord, msn: str, totals: Totals, paid: int, is_heir: bool) -> Settlement:
        account, payout = self.ledger.bank_account, record.payout
        return Settlement(
            ledger_id=self.ledger.ledger_id,
            payout=payout.number,
            settlement_date=payout.ledger_date,
            date_from=payout.date_from,
            currency=self.ledger.currency,
            bank_account="".join(filter(str.isdigit, account.id)) if account else "",
            type=record.settlement_type,
            settled_amount=paid,
            merchant=self.rules.directory.merchant(self.ledger, msn),
            totals=totals,
            opening_balance=payout.balance_before if is_heir else 0,
            closing_balance=payout.balance_after if is_heir else 0,
            joint=len(set(map(msn_of, self.ledger.handles))) > 1,
        )


@dataclass(frozen=True)
class _Fees:
    selection: FeeSelection
    position: int
    """The last entry of the fees book that is collected now."""
    incomplete: bool


def _keep(draft: SettlementDraft, tally: shares.Tally, rows: Iterator[SalesUnitRow]) -> None:
    while some := list(islice(rows, ROWS_AT_ONCE)):
        for msn, mine in shares.by_sales_unit(some).items():
            tally.add(msn, mine)
            draft.add(msn, mine)
