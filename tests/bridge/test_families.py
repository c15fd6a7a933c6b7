"""Which ledgers may want the same paths, and how long their files wait (rule 13)."""

from dataclasses import replace
from datetime import UTC, datetime

from settlement_bridge.bridge.families import Gate, families
from settlement_bridge.bridge.outcome import LedgerOutcome, LedgerState
from settlement_bridge.model import Ledger, SalesUnit
from settlement_bridge.store import StoredLedger
from tests.books import ledger_of

READ = datetime(2025, 1, 6, tzinfo=UTC)


def ledger(ledger_id: str, owner: str, *handles: str) -> Ledger:
    return ledger_of(*handles, ledger_id=ledger_id, owner=owner)


def served(ledger_id: str) -> LedgerOutcome:
    return LedgerOutcome(ledger_id, LedgerState.SERVED)


def opened(gate: Gate, ledger_id: str) -> list[str]:
    return [outcome.ledger_id for outcome in gate.read(served(ledger_id))]


def test_rule_13_ledgers_that_share_nothing_are_families_of_their_own() -> None:
    ledgers = [ledger("1", "911", "api:1"), ledger("2", "922", "api:2")]
    assert sorted(map(sorted, families(ledgers))) == [["1"], ["2"]]


def test_rule_13_ledgers_of_one_organization_or_one_sales_unit_are_a_family() -> None:
    ledgers = [
        ledger("1", "911", "api:1"),
        ledger("2", "911", "api:2"),
        ledger("3", "933", "api:2"),
        ledger("4", "944", "api:4"),
    ]
    assert sorted(map(sorted, families(ledgers))) == [["1", "2", "3"], ["4"]]


def test_rule_13_a_sales_unit_of_another_organization_ties_its_ledger_to_that_one() -> None:
    joint = replace(ledger("1", "911", "api:1"), sales_units=(SalesUnit("api:1", None, "922"),))
    assert sorted(map(sorted, families([joint, ledger("2", "922", "api:2")]))) == [["1", "2"]]


def test_rule_13_two_families_become_one_by_a_ledger_that_belongs_to_both() -> None:
    ledgers = [ledger("1", "911", "api:1"), ledger("2", "922", "api:2"), ledger("3", "933", "api:1", "api:2")]
    assert sorted(map(sorted, families(ledgers))) == [["1", "2", "3"]]


def test_the_files_of_known_ledgers_go_at_once() -> None:
    stored = [StoredLedger(ledger(name, "911", f"api:{name}"), caught_up_at=READ) for name in ("1", "2")]
    gate = Gate(stored)
    assert [opened(gate, name) for name in ("2", "1")] == [["2"], ["1"]]


def test_a_family_with_a_new_ledger_waits_for_all_of_it_and_nobody_else() -> None:
    stored = [
        StoredLedger(ledger("1", "911", "api:1"), caught_up_at=READ),
        StoredLedger(ledger("2", "911", "api:2")),
        StoredLedger(ledger("3", "933", "api:3")),
    ]
    gate = Gate(stored)
    assert opened(gate, "1") == []
    assert opened(gate, "3") == ["3"]
    assert opened(gate, "2") == ["1", "2"]


def test_a_family_that_is_known_does_not_wait_for_a_new_stranger() -> None:
    known = [StoredLedger(ledger(name, "911", f"api:{name}"), caught_up_at=READ) for name in ("1", "2")]
    gate = Gate([*known, StoredLedger(ledger("3", "933", "api:3"))])
    assert [opened(gate, name) for name in ("1", "2")] == [["1"], ["2"]]


def test_a_member_that_could_not_be_read_keeps_nobody_waiting_for_ever() -> None:
    gate = Gate([StoredLedger(ledger(name, "911", f"api:{name}")) for name in ("1", "2")])
    assert opened(gate, "1") == []
    outcomes = gate.read(LedgerOutcome("2", LedgerState.TRY_LATER, "no answer"))
    assert [outcome.ledger_id for outcome in outcomes] == ["1", "2"]
