import random
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from settlement_bridge.errors import DataRefused, StoreUnavailable
from settlement_bridge.model import Payer
from settlement_bridge.store import Store, open_store
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


def test_an_error_that_nobody_expects_names_no_payer(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(text("DROP TABLE payers"))
    with pytest.raises(Exception, match="payers") as error:
        store.mirror.append(replace(page(history(100)), payers=(KARI,)))
    assert "Kari" not in str(error.value)
    assert "Lodd" not in str(error.value)


def test_a_reference_longer_than_postgresql_can_index_is_tried_later_and_names_no_payer(store: Store) -> None:
    (entry,) = history(100)
    endless = entry._replace(psp_reference="".join(map(str, range(10_000))))
    given = replace(page([endless]), payers=(KARI._replace(psp_reference=endless.psp_reference),))
    if store.database.engine.dialect.name == "sqlite":  # which has no such limit
        assert store.mirror.append(given) == 1
        return
    with pytest.raises(StoreUnavailable, match="longer than the server can index") as error:
        store.mirror.append(given)
    assert "Kari" not in str(error.value)
    assert store.mirror.append(page([entry])) == 1


def test_no_byte_of_what_is_purged_stays_in_a_sqlite_file_however_often_rows_were_moved(tmp_path: Path) -> None:
    file, dice, names = tmp_path / "state.db", random.Random(2), dict[bytes, int]()
    with closing(open_store(f"sqlite:///{file}")) as store:
        store.ledgers.remember([LEDGER])
        for number in range(12):
            entries = history(*[1] * 500, opening=500 * number, start=NOON + timedelta(days=number))
            entries = [one._replace(psp_reference=f"{number}-{one.psp_reference}") for one in entries]
            told = []
            for one in entries:
                at, name = dice.randrange(1_000_000), f"of {one.psp_reference}!"
                names[name.encode()] = at
                told.append(
                    Payer(
                        one.psp_reference,
                        NOON + timedelta(seconds=at),
                        name + "x" * dice.randrange(200),
                        "msg" * dice.randrange(60),
                    )
                )
            store.mirror.append(replace(page(entries), payers=tuple(told)))
            if number % 3 == 2:
                before = 60_000 * (number + 1)
                assert store.payers.purge(NOON + timedelta(seconds=before))
                everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
                found = {name for name in names if name in everything}
                assert found == {name for name, at in names.items() if at >= before}
                names = {name: at for name, at in names.items() if at >= before}
