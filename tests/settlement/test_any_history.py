"""Whatever the history: files add up to payouts, nothing is lost or doubled, and no cut of the feed shows."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settlement_bridge.model import PAYOUT_TYPES, RETAINED, Book, LedgerEntry, PayoutState, Transaction
from tests.desk import Desk
from tests.formats.readers import camt_053
from tests.histories import History, cuts, histories

BEFORE_EVERYTHING = datetime(2025, 1, 1, tzinfo=UTC)
bounded = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@contextmanager
def desk_of(blank: Path, history: History) -> Iterator[Desk]:
    with TemporaryDirectory() as folder:
        desk = Desk(blank, Path(folder) / "state.db", history.books, history.rules)
        try:
            yield desk
        finally:
            desk.close()


def settle_all(desk: Desk) -> list[int]:
    """Settle everything, long after the last gross payout had to wait; return the payouts' numbers."""
    desk.settle(now=desk.books.now + timedelta(days=30))
    return [record.payout.number for record in desk.store.settlements.payouts(PayoutState.SETTLED)]


def periods(history: History) -> list[list[LedgerEntry]]:
    """Cut the funds book at its payouts, each the last of its period; what is not paid out is left out."""
    found: list[list[LedgerEntry]] = [[]]
    for entry in history.books.entries[Book.FUNDS]:
        found[-1].append(entry)
        if entry.entry_type in PAYOUT_TYPES:
            found.append([])
    return found[:-1]


@given(history=histories())
@bounded
def test_rule_11_the_rows_and_the_shares_come_to_the_payout(blank: Path, history: History) -> None:
    with desk_of(blank, history) as desk:
        numbers = settle_all(desk)
        closed = periods(history)
        assert len(numbers) == len(closed)
        for number, entries in zip(numbers, closed, strict=True):
            paid = -entries[-1].amount
            moved = entries[-1].balance_after - entries[0].balance_before
            rows = desk.transactions(number)
            assert sum(desk.paid(number).values()) == paid
            if rows[0].order_id != "balance" or len(rows) > 1:
                assert sum(row.gross if history.gross else row.net for row in rows) == paid + moved
            assert all(row.capture >= 0 >= row.refund and row.fee >= 0 for row in rows)


@given(history=histories())
@bounded
def test_rule_05_every_entry_of_a_closed_period_is_in_exactly_one_payout(blank: Path, history: History) -> None:
    with desk_of(blank, history) as desk:
        for number, entries in zip(settle_all(desk), periods(history), strict=True):
            expected = Counter(
                (entry.time, entry.amount) for entry in entries if entry.entry_type not in (*PAYOUT_TYPES, RETAINED)
            )
            rows = desk.transactions(number)
            if not expected and [row.order_id for row in rows] == ["balance"]:
                continue
            assert Counter((row.time, row.gross) for row in rows if not is_of_fees(row)) == expected


@given(history=histories().filter(lambda history: not history.gross))
@bounded
def test_rule_09_every_fee_of_a_net_ledger_is_on_exactly_one_row(blank: Path, history: History) -> None:
    with desk_of(blank, history) as desk:
        numbers = settle_all(desk)
        last = max((desk.record(number).fees_position for number in numbers), default=0)
        collected = history.books.entries[Book.FEES][:last]
        charged: Counter[str] = Counter()
        for entry in collected:
            if entry.entry_type == "fees-invoiced":
                charged.clear()
                break
            if entry.entry_type != RETAINED:
                charged[entry.psp_reference] -= entry.amount
        borne: Counter[str] = Counter()
        rows = [row for number in numbers for row in desk.transactions(number)]
        for row in rows:
            reference = (row.mapped_from or str(row.number)).partition(":")[0]
            borne[reference] += row.fee - (row.capture if is_of_fees(row) else 0)
        if charged:
            assert {key: fee for key, fee in borne.items() if fee} == {key: fee for key, fee in charged.items() if fee}
        retained = sum(entry.amount for entry in collected if entry.entry_type == RETAINED)
        assert sum(borne.values()) == retained


@given(history=histories())
@bounded
def test_rule_16_no_transaction_id_is_used_twice_on_a_ledger(blank: Path, history: History) -> None:
    with desk_of(blank, history) as desk:
        numbers = [row.number for payout in settle_all(desk) for row in desk.transactions(payout)]
        assert len(numbers) == len(set(numbers))


@given(history=histories(), data=st.data())
@bounded
def test_rule_19_wherever_the_feed_was_cut_the_files_are_the_same_to_the_byte(
    blank: Path, history: History, data: st.DataObject
) -> None:
    with desk_of(blank, history) as cut, desk_of(blank, history) as whole:
        for step in data.draw(cuts(history)):
            cut.settle(upto=step, now=BEFORE_EVERYTHING)
        numbers = settle_all(cut)
        assert numbers == settle_all(whole)
        for number in numbers:
            assert files(cut, number) == files(whole, number) == files(whole, number)
            assert cut.by_msn(number) == whole.by_msn(number)
            assert cut.transactions(number) == whole.transactions(number)


@given(history=histories())
@bounded
def test_every_payout_is_a_bank_statement_that_opens_where_the_one_before_closed(blank: Path, history: History) -> None:
    with desk_of(blank, history) as desk:
        numbers, periods_of = settle_all(desk), periods(history)
        closed = 0
        for number, entries in zip(numbers, periods_of, strict=True):
            for stored in desk.stored(number):
                camt_053(desk.file(stored, "camt.053.xml"))
            shares = desk.by_msn(number).values()
            opening = sum(one.opening_balance for one in shares)
            assert opening == closed == entries[0].balance_before
            closed = sum(one.closing_balance for one in shares)
            assert closed == entries[-1].balance_after


def files(desk: Desk, payout: int) -> dict[str, bytes]:
    return {stored.settlement.msn: desk.file(stored) for stored in desk.stored(payout)}


def is_of_fees(row: Transaction) -> bool:
    return ":fee:" in (row.mapped_from or "")
