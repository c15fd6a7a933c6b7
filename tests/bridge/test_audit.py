"""A ledger read again by dates, over HTTP, against its mirror."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from settlement_bridge.bridge.audit import Audit, audit, audit_period, finding_sentence
from settlement_bridge.comparison import What
from settlement_bridge.errors import NotComparable, NotFound
from settlement_bridge.model import Book
from settlement_bridge.report_api import ReportApi
from settlement_bridge.sandbox import Sandbox, recorded, scenario
from settlement_bridge.store import Store
from tests.books import Books
from tests.bridge.conftest import Run, api_settings, bridge_settings
from tests.recording import record

LEDGER = "302321"
Reads = Callable[..., Audit]


@pytest.fixture
def books() -> Books:
    """Three days of sales with fees, paid out, and a fourth that is not."""
    books = Books()
    for day in range(3):
        for order in range(4):
            books.capture(f"{day}-{order}", 100_00, 2_00)
        books.end_of_day()
    books.next_day(9)
    books.capture("late", 50_00, 1_00)
    return books


@pytest.fixture
def reads(store: Store) -> Iterator[Reads]:
    def read(sandbox: Sandbox, first: date | None = None, last: date | None = None) -> Audit:
        with closing(ReportApi(api_settings(sandbox))) as api:
            period = audit_period(store, LEDGER, first, last)
            days: list[int] = []
            result = audit(store, api, LEDGER, period, days.append)
        assert sum(days) == 2 * ((period.last - period.first).days + 1)
        return result

    yield read


def told(result: Audit) -> list[tuple[Book, What, str | None]]:
    return [
        (one.book, each.what, (each.given or each.held).reference)  # type: ignore[union-attr]
        for one in result.books
        for each in one.comparison.findings
    ]


@pytest.mark.parametrize("dialect", ["v1", "v2"])
@pytest.mark.parametrize("page_size", [3, 1000])
@pytest.mark.parametrize("name", ["webshop", "gross", "late-fees", "rolling-reserve", "concert"])
def test_a_mirror_is_what_the_dates_give(name: str, page_size: int, run: Run, store: Store, dialect: Any) -> None:
    with Sandbox(scenario(name, days=6), page_size=page_size, dialect=dialect) as sandbox:
        assert run(sandbox, bridge_settings()).exit_code == 0
        for stored in store.ledgers.all():
            ledger_id = stored.ledger.ledger_id
            held = store.mirror.books(ledger_id).get(ledger_id)
            if not held:  # v1 tells nothing before a payout is complete
                continue
            with closing(ReportApi(api_settings(sandbox))) as api:
                result = audit(store, api, ledger_id, audit_period(store, ledger_id, None, None), lambda _: None)
            assert [one.comparison.findings for one in result.books] == [()] * len(result.books)
            sizes = {book: held[book].size if book in held else 0 for book in Book}
            assert {one.book: one.comparison.entries for one in result.books} == sizes
            assert not result.differs


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_a_published_sample_audits_in_both_dialects(
    reference: Path, run: Run, store: Store, reads: Reads, dialect: Any
) -> None:
    with Sandbox(recorded(reference / "reference" / "replay" / "example-net"), dialect=dialect) as sandbox:
        assert run(sandbox, bridge_settings()).exit_code == 0
        result = reads(sandbox)
    assert not result.differs
    assert sum(one.comparison.entries for one in result.books) > 15
    assert store.ledgers.get(LEDGER).hold_reason is None


def test_what_changed_vanished_or_appeared_is_shown_and_nothing_is_written(
    books: Books, tmp_path: Path, run: Run, store: Store, reads: Reads
) -> None:
    with Sandbox(recorded(record(books, tmp_path / "before"))) as sandbox:
        assert run(sandbox, bridge_settings(tmp_path / "importers")).exit_code == 0
    funds, fees = books.entries[Book.FUNDS], books.entries[Book.FEES]
    funds[1] = funds[1]._replace(handle="api:666")
    del fees[2]
    before = (tmp_path / "state.db").read_bytes()
    with Sandbox(recorded(record(books, tmp_path / "after"))) as sandbox:
        result = reads(sandbox)
    assert result.differs
    assert told(result) == [
        (Book.FUNDS, What.CHANGED, "0-1"),
        (Book.FEES, What.MISSING, "0-2"),
        (Book.FEES, What.GAP, "0-3"),
    ]
    sentences = [finding_sentence(each) for one in result.books for each in one.comparison.findings]
    assert sentences[0].startswith("handle changed: capture '5100000002' of 100.00 at balance 100.00 (")
    assert "handle 'api:666'" in sentences[0]
    assert sentences[1].endswith("is mirrored, but no longer given")
    assert "leaves -4.00, but the next entry given is capture-fee" in sentences[2]
    assert (tmp_path / "state.db").read_bytes() == before
    assert store.ledgers.get(LEDGER).hold_reason is None


def test_a_period_looks_at_its_dates_only(books: Books, tmp_path: Path, run: Run, reads: Reads) -> None:
    with Sandbox(recorded(record(books, tmp_path / "before"))) as sandbox:
        run(sandbox, bridge_settings(tmp_path / "importers"))
    funds = books.entries[Book.FUNDS]
    funds[1] = funds[1]._replace(handle="api:666")
    second = funds[6].ledger_date
    with Sandbox(recorded(record(books, tmp_path / "after"))) as sandbox:
        assert not reads(sandbox, first=second).differs
        assert reads(sandbox, last=second).differs


def test_what_the_next_sync_brings_is_no_difference(books: Books, tmp_path: Path, run: Run, reads: Reads) -> None:
    with Sandbox(recorded(record(books, tmp_path / "before"))) as sandbox:
        run(sandbox, bridge_settings(tmp_path / "importers"))
    books.capture("later that day", 7_00, 1_00)
    books.end_of_day()
    with Sandbox(recorded(record(books, tmp_path / "after"))) as sandbox:
        result = reads(sandbox)
    assert not result.differs
    assert {one.book: one.comparison.upcoming for one in result.books} == {Book.FUNDS: 3, Book.FEES: 2}


def test_missing_payout_numbers_are_told(books: Books, tmp_path: Path, run: Run, reads: Reads) -> None:
    books.payout(2000009)
    with Sandbox(recorded(record(books, tmp_path / "books"))) as sandbox:
        run(sandbox, bridge_settings(tmp_path / "importers"))
        result = reads(sandbox)
    assert result.payouts_missing == (2000004, 2000005, 2000006, 2000007, 2000008)
    assert not result.differs


def test_a_mirror_of_the_other_dialect_cannot_be_compared(reference: Path, run: Run, reads: Reads) -> None:
    recording = reference / "reference" / "replay" / "example-net"
    with Sandbox(recorded(recording), dialect="v1") as sandbox:
        run(sandbox, bridge_settings())
    with (
        Sandbox(recorded(recording), dialect="v2") as sandbox,
        pytest.raises(NotComparable, match=r"mirrored with .* v1"),
    ):
        reads(sandbox)


def test_ledgers_that_cannot_be_audited(books: Books, tmp_path: Path, run: Run, store: Store, reads: Reads) -> None:
    with pytest.raises(NotFound, match=f"no ledger {LEDGER} is known here"):
        audit_period(store, LEDGER, None, None)
    store.ledgers.remember([books.ledger])
    with pytest.raises(NotFound, match=f"nothing of ledger {LEDGER} is mirrored yet: run settlement-bridge sync"):
        audit_period(store, LEDGER, None, None)
    with Sandbox(recorded(record(books, tmp_path / "books"))) as sandbox:
        run(sandbox, bridge_settings())
    with Sandbox(scenario("chain-of-shops", days=2)) as sandbox, pytest.raises(NotFound, match="do not see ledger"):
        reads(sandbox)
