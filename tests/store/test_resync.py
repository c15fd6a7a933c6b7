import pytest

from settlement_bridge.errors import Busy, DataRefused
from settlement_bridge.model import Book
from settlement_bridge.store import Store, open_store
from settlement_bridge.store.resync import Resync
from tests.store.histories import LEDGER, cursor, held, history, page

ENTRIES = history(100, 200, -50)


@pytest.fixture(autouse=True)
def mirrored(store: Store) -> None:
    store.ledgers.remember([LEDGER])
    store.mirror.append(page(ENTRIES, "old"))


def begin(store: Store, *, by_payout: bool = False) -> Resync:
    return store.mirror.begin_resync(LEDGER.ledger_id, by_payout=by_payout)


def entries_in_all(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM entries").scalar_one())


def test_the_old_mirror_stays_until_the_swap(store: Store) -> None:
    resync = begin(store)
    assert resync.cursors == {Book.FUNDS: None, Book.FEES: None}
    anew = history(100, 200, -50, 70)
    assert [resync.append(page(anew[:2], "1")), resync.append(page(anew[1:], "2"))] == [2, 2]
    assert (held(store), cursor(store), resync.cursors[Book.FUNDS]) == (ENTRIES, "old", "2")
    assert resync.differences() == []
    store.mirror.finish_resync(resync)
    assert (held(store), cursor(store), entries_in_all(store)) == (anew, "2", 4)
    assert store.mirror.append(page(history(100, 200, -50, 70, 1)[4:], "3")) == 1


def test_the_first_difference_is_named(store: Store) -> None:
    resync = begin(store)
    resync.append(page([ENTRIES[0], ENTRIES[1]._replace(reference="other"), ENTRIES[2]]))
    (difference,) = resync.differences()
    assert (difference.book, difference.position) == (Book.FUNDS, 2)
    assert "entry 2 of the funds book was capture '3000000001'" in difference.sentence
    assert "reference 'order-1'" in difference.sentence
    assert "reference 'other'" in difference.sentence


def test_an_entry_no_longer_given_is_a_difference(store: Store) -> None:
    resync = begin(store)
    resync.append(page(ENTRIES[:2]))
    (difference,) = resync.differences()
    assert (difference.position, difference.sentence[-22:]) == (3, "and is now no longer given"[-22:])


def test_books_read_in_another_way_are_not_compared(store: Store) -> None:
    resync = begin(store, by_payout=True)
    assert resync.differences() == []


def test_a_refused_page_leaves_the_resync_where_it_was(store: Store) -> None:
    resync = begin(store)
    resync.append(page(ENTRIES[:1], "1"))
    with pytest.raises(DataRefused, match="break"):
        resync.append(page(ENTRIES[2:], "2"))
    assert resync.append(page(ENTRIES[1:], "2")) == 2


def test_an_abandoned_resync_is_cleaned_up_by_the_next(store: Store) -> None:
    abandoned = begin(store)
    abandoned.append(page(ENTRIES))
    assert entries_in_all(store) == 6
    begin(store)
    assert entries_in_all(store) == 3
    with pytest.raises(Busy, match="this resync has ended without effect"):
        store.mirror.finish_resync(abandoned)
    assert held(store) == ENTRIES


def test_who_has_not_seen_the_swap_adds_nothing_to_the_old_book(store: Store, url: str) -> None:
    other = open_store(url)
    other.mirror.cursors(by_payout=False)
    begin(store).swap()
    with pytest.raises(Busy, match="another process has read the funds book of ledger 302321 meanwhile"):
        other.mirror.append(page(history(100, 200, -50, 70), "next"))
    assert entries_in_all(store) == len(ENTRIES)
    other.close()
