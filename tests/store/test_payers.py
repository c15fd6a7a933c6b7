from dataclasses import replace
from datetime import timedelta

import pytest

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Payer
from settlement_bridge.store import Store
from tests.store.histories import LEDGER, NOON, OTHER, history, page

KARI = Payer("3000000000", NOON, "Kari Nordmann", "Lodd ⚽")
OLA = Payer("3000000001", NOON + timedelta(seconds=1), "Ola", "")
BOTH = [KARI.psp_reference, OLA.psp_reference]


@pytest.fixture
def store(store: Store) -> Store:
    store.ledgers.remember([LEDGER, OTHER])
    return store


def test_payers_are_kept_with_their_page_and_by_ledger(store: Store) -> None:
    store.mirror.append(replace(page(history(100, 200)), payers=(KARI, OLA)))
    assert store.payers.find(LEDGER.ledger_id, BOTH) == {KARI.psp_reference: KARI, OLA.psp_reference: OLA}
    assert store.payers.find(OTHER.ledger_id, BOTH) == {}
    assert store.payers.find(LEDGER.ledger_id, ["1"]) == {}


def test_a_payer_told_twice_is_kept_once(store: Store) -> None:
    store.mirror.append(replace(page(history(100)), payers=(KARI,)))
    store.mirror.append(replace(page(history(100, 200)), payers=(KARI._replace(name="Somebody else"), OLA)))
    assert store.payers.find(LEDGER.ledger_id, BOTH) == {KARI.psp_reference: KARI, OLA.psp_reference: OLA}


def test_a_page_that_is_refused_leaves_no_payer(store: Store) -> None:
    store.mirror.append(page(history(100)))
    with pytest.raises(DataRefused):
        store.mirror.append(replace(page(history(5, opening=7, start=NOON + timedelta(hours=1))), payers=(KARI,)))
    assert store.payers.find(LEDGER.ledger_id, BOTH) == {}


def test_purging_forgets_those_before_a_moment_or_all(store: Store) -> None:
    store.mirror.append(replace(page(history(100, 200)), payers=(KARI, OLA)))
    assert not store.payers.purge(NOON)
    assert store.payers.purge(NOON + timedelta(seconds=1))
    assert list(store.payers.find(LEDGER.ledger_id, BOTH)) == [OLA.psp_reference]
    assert store.payers.purge(None)
    assert not store.payers.purge(None)
    assert store.payers.find(LEDGER.ledger_id, BOTH) == {}
