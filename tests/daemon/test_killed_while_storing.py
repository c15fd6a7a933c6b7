"""Fault 12: a daemon killed between the rows of a page and the cursor behind them, in the middle of the transaction."""

import re
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import Place
from tests.conftest import require
from tests.daemon.running import daemon
from tests.system.conftest import WORLD, files, let_the_lease_run_out, serving

POINTS = 8
PAGE = 40


def strace(place: Place, *options: str) -> list[str]:
    """Return what to run the daemon below, to look only at what it writes into the write-ahead log."""
    require(shutil.which("strace"), "install strace to kill a daemon while it writes")
    return ["strace", "-f", "-qq", "-P", f"{place.folder}/state.db-wal", "-e", "trace=pwrite64", *options]


@pytest.fixture(scope="module")
def writes(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How often the store writes until everything is read, settled and delivered."""
    with serving(tmp_path_factory.mktemp("counted"), WORLD, page_size=PAGE) as (place, _):
        place.run("status")  # makes the tables
        log = place.folder / "calls"
        with daemon(place, below=strace(place, "-o", str(log))) as running:
            running.event("waiting")
            assert running.stop() == 0
        return len(re.findall(r"pwrite64\(", log.read_text(encoding="utf-8")))


@pytest.mark.parametrize("point", range(POINTS))
def test_fault_12_killed_while_a_transaction_is_written(
    tmp_path: Path, expected: dict[str, bytes], writes: int, point: int
) -> None:
    number = writes * (point + 1) // (POINTS + 2)  # not the last ones: from run to run there are a few more or less
    kill = f"inject=pwrite64:signal=KILL:when={number}"
    with serving(tmp_path / "place", WORLD, page_size=PAGE) as (place, _):
        place.run("status")
        with daemon(place, below=strace(place, "-o", "/dev/null", "-e", kill)) as running:
            assert running.ended() == -signal.SIGKILL
        assert_rows_and_cursors_agree(place)
        let_the_lease_run_out(place)
        with daemon(place) as running:
            running.event("waiting")
            assert running.stop() == 0
        assert_rows_and_cursors_agree(place)
        assert files(place) == expected


def assert_rows_and_cursors_agree(place: Place) -> None:
    """Assert that each book has the entries it says it has, without gaps, and a cursor exactly if it has any."""
    query = (
        "SELECT size, cursor IS NOT NULL, balance, count(position), coalesce(max(position), 0),"
        " coalesce(min(balance_before) FILTER (WHERE position = 1), 0) + coalesce(sum(amount), 0)"
        " FROM books LEFT JOIN entries USING (book_id) GROUP BY book_id"
    )
    with closing(sqlite3.connect(place.folder / "state.db")) as database:
        for size, has_cursor, balance, count, last, behind in database.execute(query):
            assert (count, last, behind) == (size, size, balance)
            assert has_cursor == (size > 0)
