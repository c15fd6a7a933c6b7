import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import datetime, timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

import pytest

from settlement_bridge.errors import Busy
from settlement_bridge.store import Store, open_store
from tests.store.histories import LEDGER, NOON

LATER = NOON + timedelta(seconds=61)
processes = multiprocessing.get_context("spawn")


@pytest.fixture
def other(store: Store, url: str) -> Iterator[Store]:
    """The same database, opened by somebody else."""
    opened = open_store(url)
    yield opened
    opened.close()


def test_the_second_is_told_who_works_and_since_when(store: Store, other: Store) -> None:
    store.leases.acquire("work", "sync on alpha", 60, NOON)
    since_and_until = r"sync on alpha has .* since 2025-01-06T12:00:00\+00:00; .* begin at 2025-01-06T12:01:00\+00:00"
    with pytest.raises(Busy, match=since_and_until):
        other.leases.acquire("work", "sync on beta", 60, NOON + timedelta(seconds=59))
    assert other.leases.acquire("other work", "sync on beta", 60, NOON) == 1


def test_a_released_lease_is_free_and_its_token_never_comes_back(store: Store, other: Store) -> None:
    first = store.leases.acquire("work", "alpha", 60, NOON)
    store.leases.release("work")
    second = other.leases.acquire("work", "beta", 60, NOON)
    other.leases.release("work")
    assert store.leases.acquire("work", "alpha", 60, NOON) > second > first


def test_a_lease_left_by_a_crash_runs_out(store: Store, other: Store) -> None:
    store.leases.acquire("work", "alpha", 60, NOON)
    assert other.leases.acquire("work", "beta", 60, NOON + timedelta(seconds=60)) == 2


def test_a_renewed_lease_lasts_longer(store: Store, other: Store) -> None:
    store.leases.acquire("work", "alpha", 60, NOON)
    store.leases.renew("work", 60, NOON + timedelta(seconds=50))
    with pytest.raises(Busy, match="alpha"):
        other.leases.acquire("work", "beta", 60, LATER)


def test_fault_14_who_lost_the_lease_can_write_nothing(store: Store, other: Store) -> None:
    store.leases.acquire("work", "alpha", 60, NOON)
    store.ledgers.remember([])
    store.runs.start(NOON)
    other.leases.acquire("work", "beta", 60, LATER)
    with pytest.raises(Busy, match="beta has taken over the lease 'work'"):
        store.ledgers.remember([LEDGER])
    with pytest.raises(Busy, match="beta has the lease 'work' now"):
        store.leases.renew("work", 60, LATER)
    assert other.ledgers.all() == []
    store.leases.release("work")  # which is not its own any more
    other.runs.start(LATER)
    with pytest.raises(Busy, match="beta"):
        store.leases.acquire("work", "alpha", 60, LATER)


def test_without_a_lease_nothing_is_fenced(store: Store, other: Store) -> None:
    other.leases.acquire("work", "beta", 60, NOON)
    store.ledgers.remember([LEDGER])
    assert len(other.ledgers.all()) == 1


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite's writers wait for one another anyway
def test_whoever_writes_keeps_neither_the_lease_from_being_renewed_nor_others_from_being_told(
    store: Store, other: Store
) -> None:
    store.leases.acquire("work", "alpha", 60, NOON)
    with ThreadPoolExecutor(2) as others, store.writing():
        others.submit(store.leases.renew, "work", 60, NOON + timedelta(seconds=50)).result(timeout=20)
        with pytest.raises(Busy, match="alpha"):
            others.submit(other.leases.acquire, "work", "beta", 60, LATER).result(timeout=20)
        overtaking = others.submit(other.leases.acquire, "work", "beta", 60, LATER + timedelta(hours=1))
        with pytest.raises(NotYet):
            overtaking.result(timeout=1)
        store.leases.renew("work", 60, LATER + timedelta(hours=1))
    with pytest.raises(Busy, match="alpha"):
        overtaking.result()
    assert other.leases.acquire("work", "beta", 60, LATER + timedelta(hours=2)) == 2


def test_fault_14_a_lease_is_taken_over_behind_what_is_being_written_under_it(store: Store, other: Store) -> None:
    store.leases.acquire("work", "alpha", 60, NOON)
    with ThreadPoolExecutor(1) as others:
        with store.writing():
            overtaking = others.submit(other.leases.acquire, "work", "beta", 60, LATER)
            with pytest.raises(NotYet):
                overtaking.result(timeout=1)
        assert overtaking.result() == 2
    with pytest.raises(Busy, match="beta"), store.writing():
        pass


def test_a_lease_that_nobody_ever_had_cannot_be_renewed(store: Store) -> None:
    with pytest.raises(Busy, match="nobody has the lease 'work' now"):
        store.leases.renew("work", 60, NOON)


def race(url: str, start: Barrier, won: "Queue[tuple[str, int]]", now: datetime) -> None:
    store = open_store(url)
    name = multiprocessing.current_process().name
    start.wait()
    try:
        won.put((name, store.leases.acquire("work", name, 60, now)))
    except Busy as busy:
        won.put((str(busy), 0))
    store.close()


@pytest.mark.parametrize("left_by_a_crash", [False, True])
def test_fault_14_of_racing_processes_exactly_one_wins(store: Store, url: str, left_by_a_crash: bool) -> None:
    if left_by_a_crash:
        store.leases.acquire("work", "crashed", 60, NOON)
    start, answers = processes.Barrier(5), processes.Queue()
    racers = [processes.Process(target=race, args=(url, start, answers, LATER), name=f"racer-{n}") for n in range(5)]
    for racer in racers:
        racer.start()
    told = [answers.get(timeout=60) for _ in racers]
    for racer in racers:
        racer.join(60)
    winners = [name for name, token in told if token]
    assert len(winners) == 1
    assert all(f"{winners[0]} has been working" in sentence for sentence, token in told if not token)
