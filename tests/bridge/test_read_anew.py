"""A ledger read again from its start: after a hold, and when the server changes its dialect."""

from contextlib import closing
from pathlib import Path

import pytest

from settlement_bridge.bridge.outcome import LedgerOutcome, LedgerState, NoProgress
from settlement_bridge.bridge.resync import resync
from settlement_bridge.bridge.settings import BridgeSettings, Scope
from settlement_bridge.errors import EXIT_DONE, EXIT_FAILED
from settlement_bridge.model import Book
from settlement_bridge.report_api import ReportApi
from settlement_bridge.sandbox import Sandbox, recorded, scenario
from settlement_bridge.store import Store
from tests.books import Books, ledger_of
from tests.bridge.conftest import LATER, Run, api_settings, bridge_settings, published
from tests.recording import record

LEDGER = "302321"


def sales(*days: str, price: int = 100_00) -> Books:
    """Tell of one sale a day, each paid out with its fee."""
    books = Books(ledger_of(ledger_id=LEDGER))
    for order in days:
        books.capture(order, price, 2_00)
        books.end_of_day()
        books.next_day()
    return books


def read_again(store: Store, sandbox: Sandbox, settings: BridgeSettings) -> LedgerOutcome:
    with closing(ReportApi(api_settings(sandbox))) as api:
        return resync(store, api, settings.rules, LEDGER, lambda: LATER, NoProgress())


def test_only_the_ledger_that_is_read_again_becomes_known(store: Store, tmp_path: Path, run: Run) -> None:
    settings = bridge_settings(tmp_path / "to", scope=Scope(ledgers=frozenset((LEDGER,))))
    other = record(Books(ledger_of(ledger_id="999999")), tmp_path / "other", currency="kroner")
    strange = record(Books(ledger_of(ledger_id="888888")), tmp_path / "strange")
    with Sandbox(recorded(record(sales("A-1"), tmp_path / "own"), other, strange)) as sandbox:
        assert run(sandbox, settings).exit_code == EXIT_DONE
        assert read_again(store, sandbox, settings).state is LedgerState.SERVED
    assert [one.ledger.ledger_id for one in store.ledgers.all()] == [LEDGER]


def test_rule_21_sums_that_no_money_can_be_hold_a_ledger_that_is_read_again(
    store: Store, tmp_path: Path, run: Run
) -> None:
    settings, books, largest = bridge_settings(tmp_path / "to"), sales("A-1"), 2**63 - 1
    with serve(books, tmp_path / "then") as sandbox:
        assert run(sandbox, settings).exit_code == EXIT_DONE
    first, *others = (books.capture(order, 100_00, 2_00) for order in "BCD")
    for other in others:  # every entry and every balance fits, two fees of one reference together do not
        books.fee(first, largest - 1_000_00)
        books.fee(other, 1_000_00 - largest)
    books.end_of_day()
    with serve(books, tmp_path / "now") as sandbox:
        outcome = read_again(store, sandbox, settings)
    assert outcome.state is LedgerState.HELD
    assert "does not fit into 64 bits" in (outcome.reason or "")


def serve(books: Books, folder: Path) -> Sandbox:
    return Sandbox(recorded(record(books, folder)))


@pytest.mark.parametrize(("name", "shown"), [("webshop", 60), ("gross", 20), ("sports-club", 80)])
def test_a_server_that_goes_on_in_v2_publishes_nothing_twice_and_nothing_less(
    name: str, shown: int, store: Store, another_store: Store, tmp_path: Path, run: Run
) -> None:
    world = scenario(name, days=24)
    settings, whole = bridge_settings(tmp_path / "to"), bridge_settings(tmp_path / "whole")
    with Sandbox(world, dialect="v1") as old, Sandbox(world, dialect="v2") as new:
        run(new, whole, store=another_store)
        old.reveal(entries=shown)
        assert run(old, settings).exit_code == EXIT_DONE
        before = published(tmp_path / "to")
        assert before
        for file in (tmp_path / "to").rglob("*.xml"):
            file.unlink()  # an importer is quick: what was published must not come again
        assert run(new, settings).exit_code == EXIT_DONE
        assert run(new, settings).deliveries == []
    after = published(tmp_path / "to")
    assert after
    assert after == {path: told for path, told in published(tmp_path / "whole").items() if path not in before}


def test_a_hold_is_over_once_the_books_are_given_whole(store: Store, tmp_path: Path, run: Run) -> None:
    settings = bridge_settings(tmp_path / "to")
    broken = sales("A-1", "A-2", "A-3")
    del broken.entries[Book.FUNDS][4]
    with serve(broken, tmp_path / "broken") as sandbox:
        assert run(sandbox, settings).exit_code == EXIT_FAILED
    assert published(tmp_path / "to") == {}
    with serve(sales("A-1", "A-2", "A-3"), tmp_path / "whole") as sandbox:
        assert run(sandbox, settings).exit_code == EXIT_FAILED  # held until somebody looks
        outcome = read_again(store, sandbox, settings)
        assert (outcome.state, len(outcome.payouts)) == (LedgerState.SERVED, 3)
        assert run(sandbox, settings).exit_code == EXIT_DONE
    assert len(published(tmp_path / "to")) == 3


def test_a_ledger_read_again_goes_on_where_it_was(store: Store, tmp_path: Path, run: Run) -> None:
    settings = bridge_settings(tmp_path / "to")
    with serve(sales("A-1", "A-2"), tmp_path / "first") as sandbox:
        run(sandbox, settings)
    before = published(tmp_path / "to")
    with serve(sales("A-1", "A-2", "A-3"), tmp_path / "more") as sandbox:
        outcome = read_again(store, sandbox, settings)
        assert [record.payout.number for record in outcome.payouts] == [2000003]
        assert len(run(sandbox, settings).deliveries) == 1
    assert before.items() < published(tmp_path / "to").items()


def test_another_story_of_what_was_settled_holds_the_ledger(store: Store, tmp_path: Path, run: Run) -> None:
    settings = bridge_settings(tmp_path / "to")
    with serve(sales("A-1", "A-2"), tmp_path / "first") as sandbox:
        run(sandbox, settings)
    before, mirror = published(tmp_path / "to"), store.mirror.books(LEDGER)
    with serve(sales("A-1", "A-2", price=101_00), tmp_path / "other") as sandbox:
        outcome = read_again(store, sandbox, settings)
        assert outcome.state is LedgerState.HELD
        assert "up to payout 2000002 has changed" in str(outcome.reason)
        assert run(sandbox, settings).exit_code == EXIT_FAILED
    assert (published(tmp_path / "to"), store.mirror.books(LEDGER)) == (before, mirror)


def test_a_payout_that_the_other_dialect_tells_otherwise_holds_the_ledger(
    store: Store, tmp_path: Path, run: Run
) -> None:
    settings = bridge_settings(tmp_path / "to")
    with Sandbox(scenario("webshop", days=4, seed=1), dialect="v1") as old:
        run(old, settings)
    before = published(tmp_path / "to")
    with Sandbox(scenario("webshop", days=4, seed=2), dialect="v2") as new:
        outcome = run(new, settings)
    assert outcome.exit_code == EXIT_FAILED
    assert "was settled as" in str(outcome.ledgers[0].reason)
    assert published(tmp_path / "to") == before
