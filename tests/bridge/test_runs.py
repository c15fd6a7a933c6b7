"""What a run does with many ledgers, and which exit code it ends with (rules 13, 21 and 22)."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from threading import Event

import pytest

from settlement_bridge.bridge.outcome import LedgerState, NoProgress, RunOutcome
from settlement_bridge.bridge.read import UNSETTLED
from settlement_bridge.bridge.settings import Scope
from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.errors import EXIT_DONE, EXIT_FAILED, EXIT_TRY_LATER, DataRefused, NotFound
from settlement_bridge.model import Book, PayoutRecord, SettlementType
from settlement_bridge.sandbox import Sandbox, World, recorded, scenario
from settlement_bridge.sandbox.view import View
from settlement_bridge.store import DeliveryState, Store
from tests.books import Books, ledger_of
from tests.bridge.conftest import LATER, Run, bridge_settings, published
from tests.recording import record


def shop(ledger_id: str, *, day: int = 0, msn: str | None = None) -> Books:
    handle = f"api:{msn or ledger_id}"
    books = Books(ledger_of(handle, ledger_id=ledger_id, owner=f"9{msn or ledger_id}")).next_day(day)
    books.capture("A-1", 100_00, 2_00, handle=handle)
    books.end_of_day()
    return books


def world(tmp_path: Path, *shops: Books) -> World:
    return recorded(*(record(books, tmp_path / "recorded" / books.ledger.ledger_id) for books in shops))


def broken_shop(ledger_id: str) -> Books:
    """A ledger whose funds book lacks an entry, behind a payout that is right."""
    books = shop(ledger_id)
    for order in ("A-2", "A-3", "A-4"):
        books.capture(order, 100_00, handle=f"api:{ledger_id}")
    books.payout()
    del books.entries[Book.FUNDS][-3]
    return books


def states(outcome: RunOutcome) -> dict[str, LedgerState]:
    return {ledger.ledger_id: ledger.state for ledger in outcome.ledgers}


def test_all_well_ends_with_0_and_so_does_nothing_new(tmp_path: Path, run: Run) -> None:
    settings = bridge_settings(tmp_path / "to")
    with Sandbox(world(tmp_path, shop("401"), shop("402"))) as sandbox:
        first = run(sandbox, settings)
        files = published(tmp_path / "to")
        again = run(sandbox, settings)
    assert (first.exit_code, again.exit_code) == (EXIT_DONE, EXIT_DONE)
    assert sorted(files) == ["9401/401/401-2000001.xml", "9402/402/402-2000001.xml"]
    assert (again.deliveries, published(tmp_path / "to")) == ([], files)
    assert all(not ledger.entries and not ledger.payouts for ledger in again.ledgers)


def test_a_waiting_payout_is_no_failure(tmp_path: Path, run: Run) -> None:
    books = shop("401")
    del books.entries[Book.FEES][-1]
    with Sandbox(world(tmp_path, books)) as sandbox:
        outcome = run(sandbox, bridge_settings(tmp_path / "to"))
    assert outcome.exit_code == EXIT_DONE
    assert [payout.state for ledger in outcome.ledgers for payout in ledger.payouts] == ["waiting"]
    assert published(tmp_path / "to") == {}


class StopAtSecondPayout(NoProgress):
    """Hears of every payout when it is settled, and has seen enough at the second."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.stop = Event()

    def settled(self, record: PayoutRecord) -> None:
        self.heard.append(record.payout.number)
        if len(self.heard) == 2:
            self.stop.set()


def test_a_stop_waits_for_the_payout_in_hand_only_and_the_next_run_goes_on_there(tmp_path: Path, run: Run) -> None:
    books = shop("401")
    for _ in range(4):
        books.next_day().capture("B", 100_00, 2_00, handle="api:401")
        books.end_of_day()
    settings, progress = bridge_settings(tmp_path / "to"), StopAtSecondPayout()
    with Sandbox(world(tmp_path, books)) as sandbox:
        (ledger,) = run(sandbox, settings, progress=progress, stop=progress.stop).ledgers
        assert (ledger.state, ledger.reason) == (LedgerState.TRY_LATER, UNSETTLED)
        assert [record.payout.number for record in ledger.payouts] == progress.heard == [2000001, 2000002]
        assert published(tmp_path / "to") == {}
        assert run(sandbox, settings).exit_code == EXIT_DONE
    assert sorted(published(tmp_path / "to")) == [f"9401/401/401-{2000001 + n}.xml" for n in range(5)]


def test_rule_2_a_payout_that_lacks_its_row_is_said_to_once_another_is_listed_behind_it(
    tmp_path: Path, run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = scenario("webshop", days=4)
    transactions = shown.ledger(0).transactions
    settings, hour = bridge_settings(tmp_path / "to"), timedelta(hours=1)
    with Sandbox(shown, dialect="v1") as sandbox:
        sandbox.reveal(transactions.payout(2000002)[1] - 1)
        assert run(sandbox, settings).exit_code == EXIT_DONE
        assert not store.ledgers.in_trouble(), "it may still be growing"
        monkeypatch.setattr(View, "payouts", lambda _, ledger: ledger.transactions.payouts)
        store.ledgers.troubled(store.ledgers.all()[0].ledger.ledger_id, "503", LATER - hour)
        for hours, number in enumerate((2000002, 2000002, 2000003)):
            sandbox.reveal(transactions.payout(number)[1] - 1)
            assert run(sandbox, settings, clock=lambda now=LATER + hours * hour: now).exit_code == EXIT_DONE
            (ledger,) = store.ledgers.in_trouble()
            assert ledger.trouble == (
                f"payout {number} still lacks its payout row, although the Report API lists payouts behind it"
            )
            assert ledger.trouble_since == LATER + (2 * hour if number == 2000003 else 0 * hour)
        assert len(published(tmp_path / "to")) == 2
        sandbox.reveal(None)
        assert run(sandbox, settings).exit_code == EXIT_DONE
    assert not store.ledgers.in_trouble()
    assert len(published(tmp_path / "to")) == len(transactions.payouts)


def test_a_reference_of_any_length_is_mapped_and_ends_no_run(tmp_path: Path, run: Run, store: Store) -> None:
    books = shop("402")
    books.entries[Book.FUNDS] = [
        entry._replace(psp_reference="1" * 5000) if entry.entry_type == "capture" else entry
        for entry in books.entries[Book.FUNDS]
    ]
    with Sandbox(world(tmp_path, shop("401"), books, shop("403"))) as sandbox:
        assert run(sandbox, bridge_settings(tmp_path / "to")).exit_code == EXIT_DONE
    assert len(published(tmp_path / "to")) == 3
    assert [found.amount for found in store.search.find("1" * 5000)] == [100_00]


def test_a_ledger_that_is_left_out_by_and_by_is_no_longer_in_trouble(tmp_path: Path, run: Run, store: Store) -> None:
    with Sandbox(world(tmp_path, shop("401"), shop("402"))) as sandbox:
        run(sandbox, bridge_settings(tmp_path / "to"))
        store.ledgers.troubled("402", "these keys may not read it", LATER)
        run(sandbox, bridge_settings(tmp_path / "to", scope=Scope(ledgers=frozenset(("401",)))))
    assert not store.ledgers.in_trouble()


@pytest.mark.parametrize("page_size", [1, 1000])
def test_rule_21_a_ledger_with_a_gap_is_held_and_every_other_one_served(
    tmp_path: Path, run: Run, store: Store, page_size: int
) -> None:
    settings = bridge_settings(tmp_path / "to")
    with Sandbox(world(tmp_path, shop("401"), broken_shop("402"), shop("403")), page_size=page_size) as sandbox:
        for _ in range(2):
            outcome = run(sandbox, settings)
            assert outcome.exit_code == EXIT_FAILED
            assert states(outcome) == {
                "401": LedgerState.SERVED,
                "402": LedgerState.HELD,
                "403": LedgerState.SERVED,
            }
    assert sorted(published(tmp_path / "to")) == ["9401/401/401-2000001.xml", "9403/403/403-2000001.xml"]
    reason = store.ledgers.get("402").hold_reason
    assert reason is not None
    assert "its funds book has a break" in reason
    assert "'5100000004'" in reason or "'A-4'" in reason


def test_rule_21_sums_that_no_money_can_be_hold_their_ledger_and_no_other(
    tmp_path: Path, run: Run, store: Store
) -> None:
    largest = 2**63 - 1
    books = Books(ledger_of("api:402", ledger_id="402", owner="9402"))
    first, *others = (books.capture(order, 100_00, 2_00, handle="api:402") for order in "ABC")
    for other in others:  # every entry and every balance fits, two fees of one reference together do not
        books.fee(first, largest - 1_000_00)
        books.fee(other, 1_000_00 - largest)
    books.end_of_day()
    with Sandbox(world(tmp_path, shop("401"), books, shop("403"))) as sandbox:
        for _ in range(2):
            outcome = run(sandbox, bridge_settings(tmp_path / "to"))
            assert states(outcome) == {"401": LedgerState.SERVED, "402": LedgerState.HELD, "403": LedgerState.SERVED}
    assert "does not fit into 64 bits" in (store.ledgers.get("402").hold_reason or "")
    assert sorted(published(tmp_path / "to")) == ["9401/401/401-2000001.xml", "9403/403/403-2000001.xml"]


def test_rule_21_of_a_held_ledger_not_even_what_was_settled_before_the_fault_goes_out(tmp_path: Path, run: Run) -> None:
    books = shop("401")
    books.capture("A-2", 100_00, 2_00, handle="api:401")
    books.retained(3_00, on_fees=2_00)
    books.payout()
    settings = bridge_settings(tmp_path / "to")
    with Sandbox(world(tmp_path, books)) as sandbox:
        for _ in range(2):
            assert run(sandbox, settings).exit_code == EXIT_FAILED
    assert published(tmp_path / "to") == {}


def test_a_ledger_that_does_not_answer_ends_with_75_and_the_next_run_serves_it(tmp_path: Path, run: Run) -> None:
    settings = bridge_settings(tmp_path / "to")
    with Sandbox(world(tmp_path, shop("401"), shop("402")), faults=["503:path=/402/,times=2"]) as sandbox:
        outcome = run(sandbox, settings)
        assert outcome.exit_code == EXIT_TRY_LATER
        assert states(outcome) == {"401": LedgerState.SERVED, "402": LedgerState.TRY_LATER}
        assert sorted(published(tmp_path / "to")) == ["9401/401/401-2000001.xml"]
        assert run(sandbox, settings).exit_code == EXIT_DONE
    assert len(published(tmp_path / "to")) == 2


def test_a_ledger_that_is_refused_although_it_is_listed_holds_up_nobody_else(tmp_path: Path, run: Run) -> None:
    # One after the other: each refusal ends the token that all of them share.
    settings = replace(bridge_settings(tmp_path / "to"), parallel=1)
    with Sandbox(world(tmp_path, shop("401"), shop("402")), faults=["401:path=/401/,times=2"]) as sandbox:
        outcome = run(sandbox, settings)
        assert outcome.exit_code == EXIT_TRY_LATER
        assert states(outcome) == {"401": LedgerState.TRY_LATER, "402": LedgerState.SERVED}
        assert run(sandbox, settings).exit_code == EXIT_DONE
    assert len(published(tmp_path / "to")) == 2


def test_a_ledger_that_the_list_describes_wrongly_is_left_out_and_holds_up_nobody_else(
    tmp_path: Path, run: Run, store: Store
) -> None:
    settings = bridge_settings(tmp_path / "to")
    known, wrong = shop("401"), record(shop("402"), tmp_path / "wrong", currency="kroner")
    with Sandbox(world(tmp_path, known)) as sandbox:
        assert run(sandbox, settings).exit_code == EXIT_DONE
    described = record(known, tmp_path / "described", owner=None)
    with Sandbox(recorded(described, wrong, record(shop("403"), tmp_path / "right"))) as sandbox:
        outcome = run(sandbox, settings)
        assert [one.ledger.ledger_id for one in store.ledgers.in_trouble()] == ["401"]
        with pytest.raises(DataRefused, match=r"402.*'kroner'"):
            run(sandbox, settings, only=frozenset(("402",)))
        elsewhere = run(sandbox, replace(settings, scope=Scope(ledgers=frozenset(("403",)))))
    assert (outcome.exit_code, states(outcome)) == (EXIT_FAILED, {"403": LedgerState.SERVED})
    assert outcome.problems == [
        "ledger 401 was left out of this run: owner is None (in the list of ledgers)",
        "ledger 402 was left out of this run: currency is 'kroner' (in the list of ledgers)",
    ]
    assert outcome.warnings == []
    assert sorted(published(tmp_path / "to")) == ["9401/401/401-2000001.xml", "9403/403/403-2000001.xml"]
    assert (elsewhere.exit_code, elsewhere.problems) == (EXIT_DONE, [])
    (tmp_path / "recorded" / "401").rename(tmp_path / "again")
    with Sandbox(recorded(tmp_path / "again")) as sandbox:
        assert run(sandbox, settings).exit_code == EXIT_DONE
    assert store.ledgers.in_trouble() == []


def test_held_outweighs_try_later(tmp_path: Path, run: Run) -> None:
    with Sandbox(world(tmp_path, broken_shop("401"), shop("402")), faults=["503:path=/402/,times=forever"]) as sandbox:
        assert run(sandbox, bridge_settings(tmp_path / "to")).exit_code == EXIT_FAILED


def test_a_destination_that_fails_ends_with_75_and_the_next_run_delivers(tmp_path: Path, run: Run) -> None:
    settings = bridge_settings(tmp_path / "to")
    (tmp_path / "to").rmdir()
    with Sandbox(world(tmp_path, shop("401"))) as sandbox:
        assert run(sandbox, settings).exit_code == EXIT_TRY_LATER
        (tmp_path / "to").mkdir()
        assert run(sandbox, settings).exit_code == EXIT_DONE
    assert list(published(tmp_path / "to")) == ["9401/401/401-2000001.xml"]


@pytest.mark.parametrize("order", [("401", "402"), ("402", "401")])
def test_rule_13_whichever_ledger_is_listed_first_the_earlier_date_has_the_path(
    tmp_path: Path, run: Run, order: tuple[str, str]
) -> None:
    shops = {"401": shop("401", day=3, msn="77"), "402": shop("402", msn="77")}
    settings = bridge_settings(tmp_path / "to")
    with Sandbox(world(tmp_path, *(shops[name] for name in order))) as sandbox:
        outcome = run(sandbox, settings)
    assert outcome.exit_code == EXIT_FAILED
    assert {delivered.ledger_id: delivered.state for delivered in outcome.deliveries} == {
        "402": DeliveryState.DELIVERED,
        "401": DeliveryState.REFUSED,
    }
    (file,) = published(tmp_path / "to").values()
    assert b"<SettlementDate>2025-01-06</SettlementDate>" in file


def test_a_dry_run_publishes_nothing_and_the_run_after_it_everything(tmp_path: Path, run: Run) -> None:
    settings = bridge_settings(tmp_path / "to")
    with Sandbox(world(tmp_path, shop("401"))) as sandbox:
        outcome = run(sandbox, settings, dry_run=True)
        assert (outcome.exit_code, outcome.deliveries) == (EXIT_DONE, [])
        assert list((tmp_path / "to").iterdir()) == []
        run(sandbox, settings)
    assert len(published(tmp_path / "to")) == 1


def test_one_ledger_alone_may_be_asked_for_and_must_exist(tmp_path: Path, run: Run) -> None:
    settings = bridge_settings(tmp_path / "to")
    with Sandbox(world(tmp_path, shop("401"), shop("402"))) as sandbox:
        assert [ledger.ledger_id for ledger in run(sandbox, settings, only=frozenset(["402"])).ledgers] == ["402"]
        with pytest.raises(NotFound, match="ledger 999 is not among the 2 ledgers"):
            run(sandbox, settings, only=frozenset(["999"]))


def test_a_ledger_out_of_scope_is_not_read(tmp_path: Path, run: Run, store: Store) -> None:
    settings = bridge_settings(tmp_path / "to", scope=Scope(ledgers=frozenset(("401",))))
    with Sandbox(world(tmp_path, shop("401"), shop("402"))) as sandbox:
        run(sandbox, settings)
        assert not [request for request in sandbox.requests if "/402/" in request.target]
    assert [one.ledger.ledger_id for one in store.ledgers.all()] == ["401"]


def test_a_ledger_that_the_configuration_names_in_vain_is_said(tmp_path: Path, run: Run) -> None:
    settings = bridge_settings(tmp_path / "to", scope=Scope(ledgers=frozenset({"401", "420"})))
    with Sandbox(world(tmp_path, shop("401"), shop("402"))) as sandbox:
        outcome = run(sandbox, settings)
    assert outcome.exit_code == EXIT_FAILED
    assert states(outcome) == {"401": LedgerState.SERVED}
    (problem,) = outcome.problems
    assert problem.startswith("sync.ledgers names 420, which is not among the 2 ledgers")


def test_a_sales_unit_that_the_configuration_names_in_vain_is_told(tmp_path: Path, run: Run) -> None:
    with Sandbox(world(tmp_path, shop("401"))) as sandbox:
        (unit,) = run(sandbox, bridge_settings(tmp_path / "to")).deliveries[:1]
        msn = unit.path.split("/")[4]
        settings = bridge_settings(tmp_path / "to", scope=Scope(sales_units=frozenset({msn, "999999"})))
        outcome = run(sandbox, settings)
    assert outcome.exit_code == EXIT_DONE
    assert list(outcome.warnings) == [
        "sync.sales_units names 999999, which no ledger settles for now; if it is misspelt, correct it"
    ]


def test_a_ledger_no_longer_listed_is_told_and_its_due_files_still_go(tmp_path: Path, run: Run) -> None:
    settings = bridge_settings(tmp_path / "to")
    with Sandbox(world(tmp_path, shop("401"), shop("402"))) as sandbox:
        run(sandbox, settings, dry_run=True)
    with Sandbox(recorded(tmp_path / "recorded" / "401")) as sandbox:
        outcome = run(sandbox, settings)
    assert outcome.exit_code == EXIT_DONE
    assert outcome.warnings == ["ledger 402 is no longer listed: these keys have lost access to it"]
    assert len(published(tmp_path / "to")) == 2


def test_rule_08_a_gross_payout_goes_once_its_time_has_passed(tmp_path: Path, run: Run) -> None:
    books = Books(ledger_of("api:401", ledger_id="401"))
    books.capture("A-1", 100_00, 2_00, handle="api:401")
    books.payout()
    settings = bridge_settings(tmp_path / "to", rules=SettlementRules(types={"401": SettlementType.GROSS}))
    scheduled = books.entries[Book.FUNDS][-1].time
    with Sandbox(world(tmp_path, books)) as sandbox:
        assert run(sandbox, settings, clock=lambda: scheduled + timedelta(hours=35)).exit_code == EXIT_DONE
        assert published(tmp_path / "to") == {}
        run(sandbox, settings, clock=lambda: scheduled + timedelta(hours=36))
    (file,) = published(tmp_path / "to").values()
    assert b"<SettlementType>Gross</SettlementType>" in file


@pytest.mark.parametrize("page_size", [7, 1000])
def test_every_kind_of_merchant_comes_out_the_same_in_one_go_and_as_it_grows(
    tmp_path: Path, run: Run, another_store: Store, page_size: int
) -> None:
    merchants = scenario("all", until=date(2025, 4, 6), days=21)
    grown, at_once = tmp_path / "grown", tmp_path / "at once"
    with Sandbox(merchants, page_size=page_size) as sandbox:
        for entries in (*range(0, 120, 30), None):
            sandbox.reveal(entries)
            assert run(sandbox, bridge_settings(grown)).exit_code == EXIT_DONE
        assert run(sandbox, bridge_settings(at_once), store=another_store).exit_code == EXIT_DONE
    assert published(grown) == published(at_once)
    assert len(published(grown)) > 20
