"""Whatever happens on the way, every entry is mirrored exactly once and in order."""

import os
import random
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from settlement_bridge.model import LedgerEntry
from settlement_bridge.store import Store, open_store
from tests.store.histories import LEDGER, NOON, cursor, held, history, page

FEED = history(*(random.Random(7).randrange(-500, 1000) for _ in range(60)))
PAGE = 5


def read_feed(url: str, prepare: Callable[[Store], object] = lambda store: None) -> None:
    """Read the feed from where the store's cursor says, as a sync does. The cursor is the number of entries given."""
    store = open_store(url)
    store.ledgers.remember([LEDGER])
    prepare(store)
    done = int(cursor(store) or 0)
    while done < len(FEED):
        given_now = FEED[done : done + PAGE]
        done += len(given_now)
        store.mirror.append(page(given_now, str(done)))
    store.close()


def killed(work: Callable[[], object], after: float | None = None) -> bool:
    """Do work in a process of its own, killed after some seconds if not by itself; tell whether it was killed."""
    pid = os.fork()
    if pid == 0:
        if after is not None:
            signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            signal.setitimer(signal.ITIMER_REAL, after)
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def assert_whole(url: str) -> int:
    """Assert that no entry is missing or double and that the cursor says what is held; return how many are."""
    store = open_store(url)
    if not store.ledgers.all():
        store.close()
        return 0
    entries, at = held(store), int(cursor(store) or 0)
    store.close()
    assert entries == FEED[:at]
    return at


def test_fault_12_killed_before_any_statement_or_commit(url: str) -> None:
    """Every moment between two calls to the database is tried, until the work gets through."""
    for moment in range(1000):

        def die_at_the_moment(store: Store, moment: int = moment) -> None:
            left = iter(range(moment))

            def count(*_: Any) -> None:
                if next(left, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)

            event.listen(store.database.engine, "before_cursor_execute", count)
            event.listen(store.database.engine, "commit", count)

        died = killed(lambda die=die_at_the_moment: read_feed(url, die))  # type: ignore[misc]
        at = assert_whole(url)
        if at == len(FEED) and not died:
            break
    assert moment > 3


@pytest.mark.parametrize("seed", range(3))
def test_fault_12_killed_at_random_moments(url: str, seed: int) -> None:
    chance = random.Random(seed)
    killed(lambda: open_store(url).close())
    for _ in range(12):
        killed(lambda: read_feed(url), after=chance.uniform(0.01, 0.15))
        assert_whole(url)
    assert not killed(lambda: read_feed(url))
    assert assert_whole(url) == len(FEED)


@st.composite
def pages_of_a_feed(draw: st.DrawFn) -> list[list[LedgerEntry]]:
    """Cut a feed anywhere; begin any page somewhere in what was given before, and repeat some of it within itself."""
    entries = history(*draw(st.lists(st.integers(-1000, 1000), max_size=30)), opening=draw(st.integers(-100, 100)))
    if draw(st.booleans()):  # times need be neither in order nor all different
        entries = [entry._replace(time=NOON + timedelta(seconds=draw(st.integers(0, 5)))) for entry in entries]
    pages, end = [], 0
    while end < len(entries):
        first = draw(st.integers(0, end))
        end = draw(st.integers(end, len(entries)))
        cut = entries[first:end]
        pages.append(cut[: draw(st.integers(0, len(cut)))] + cut)
    return [*pages, entries]


@settings(max_examples=60, deadline=None)
@given(pages_of_a_feed())
def test_a_feed_cut_and_repeated_anywhere_is_mirrored_exactly_once(pages: list[list[LedgerEntry]]) -> None:
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder, 'state.db')}")
        store.ledgers.remember([LEDGER])
        new = [store.mirror.append(page(cut, str(number))) for number, cut in enumerate(pages)]
        assert held(store) == pages[-1]
        assert sum(new) == len(pages[-1])
        store.close()
