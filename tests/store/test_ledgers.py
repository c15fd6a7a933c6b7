from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from settlement_bridge.errors import NotFound
from settlement_bridge.model import Identifier, SalesUnit
from settlement_bridge.store import Store, StoredLedger
from tests.store.histories import LEDGER, NOON, OTHER

FULL = replace(
    LEDGER,
    bank_account=Identifier("BBAN:NO", "86011117947"),
    sales_units=(SalesUnit("api:123455", "Blåbær", "987654321"), SalesUnit("api:1", None, None)),
    last_payout=2000045,
)


def commits(store: Store) -> list[object]:
    seen: list[object] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *said: _note(seen, str(said[2])))
    return seen


def _note(seen: list[object], statement: str) -> None:
    if statement.split(maxsplit=1)[0] in ("INSERT", "UPDATE", "DELETE"):
        seen.append(statement)


def test_ledgers_come_back_as_they_were_described(store: Store) -> None:
    store.ledgers.remember([OTHER, FULL])
    assert store.ledgers.all() == [StoredLedger(FULL), StoredLedger(OTHER)]
    assert store.ledgers.get(OTHER.ledger_id) == StoredLedger(OTHER)


def test_only_what_changed_is_written(store: Store) -> None:
    store.ledgers.remember([OTHER, LEDGER])
    store.ledgers.hold(LEDGER.ledger_id, "broken", NOON)
    written = commits(store)
    store.ledgers.remember([OTHER, LEDGER])
    assert written == []
    store.ledgers.remember([OTHER, FULL])
    assert len(written) == 1
    assert store.ledgers.get(FULL.ledger_id) == StoredLedger(FULL, "broken", NOON)


def test_a_ledger_not_listed_any_more_stays(store: Store) -> None:
    store.ledgers.remember([LEDGER, OTHER])
    store.ledgers.remember([OTHER])
    assert len(store.ledgers.all()) == 2


def test_a_hold_lasts_until_it_is_released(store: Store) -> None:
    store.ledgers.remember([LEDGER])
    store.ledgers.hold(LEDGER.ledger_id, "first", NOON)
    store.ledgers.hold(LEDGER.ledger_id, "second", NOON + timedelta(hours=1))
    assert store.ledgers.get(LEDGER.ledger_id) == StoredLedger(LEDGER, "second", NOON)
    store.ledgers.release(LEDGER.ledger_id)
    assert store.ledgers.get(LEDGER.ledger_id) == StoredLedger(LEDGER)


def test_trouble_keeps_its_beginning_and_ends_with_recovery(store: Store) -> None:
    store.ledgers.remember([LEDGER])
    for hours, reason in enumerate(("timeout", "timeout", "refused")):
        store.ledgers.troubled(LEDGER.ledger_id, reason, NOON + timedelta(hours=hours))
    assert store.ledgers.get(LEDGER.ledger_id) == StoredLedger(LEDGER, trouble="refused", trouble_since=NOON)
    store.ledgers.recovered(LEDGER.ledger_id)
    written = commits(store)
    store.ledgers.recovered(LEDGER.ledger_id)
    assert store.ledgers.get(LEDGER.ledger_id) == StoredLedger(LEDGER)
    assert written == []


def test_caught_up_is_noted_once(store: Store) -> None:
    store.ledgers.remember([LEDGER])
    store.ledgers.caught_up(LEDGER.ledger_id, NOON)
    store.ledgers.caught_up(LEDGER.ledger_id, NOON + timedelta(days=1))
    assert store.ledgers.get(LEDGER.ledger_id).caught_up_at == NOON


def test_an_unknown_ledger_is_named(store: Store) -> None:
    with pytest.raises(NotFound, match="no ledger 999"):
        store.ledgers.get("999")
    with pytest.raises(NotFound, match="no ledger 999"):
        store.ledgers.hold("999", "why", NOON)
