"""Fault 13: what a disk, a lock or a server can do to the database. Nothing is kept by halves, and it goes on after."""

import os
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.engine import URL

from settlement_bridge.errors import BridgeError, StoreBroken, StoreUnavailable, TooLarge
from settlement_bridge.store import Store, open_store
from settlement_bridge.store.bulk import insert_many
from settlement_bridge.store.tables import marks
from tests import postgresql
from tests.conftest import require
from tests.store.histories import LEDGER, NOON, cursor, held, history, page

LARGE = history(*range(1, 4000))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of less than a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0
    require(mounted, "a full disk needs root and the right to mount a small one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def opened(file: Path, query: str = "") -> Store:
    store = open_store(f"sqlite:///{file}{query}")
    store.ledgers.remember([LEDGER])
    return store


def test_a_full_disk_keeps_nothing_by_halves_and_the_next_run_goes_on(small_disk: Path) -> None:
    store = opened(small_disk / "state.db")
    store.mirror.append(page(LARGE[:10], "before"))
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize - 40_000))
    with pytest.raises(StoreUnavailable, match=r"state\.db cannot be used: the disk is full; make room") as full:
        store.mirror.append(page(LARGE[10:1000], "after"))
    assert full.value.exit_code == 75
    assert (held(store), cursor(store)) == (LARGE[:10], "before")
    filler.unlink()
    assert store.mirror.append(page(LARGE[10:1000], "after")) == 990
    assert (held(store), cursor(store)) == (LARGE[:1000], "after")
    store.close()


def test_an_io_error_keeps_nothing_by_halves(file: Path) -> None:
    """A limit on the size of files makes the write call itself fail, as a broken disk does."""
    store = opened(file)
    store.mirror.append(page(LARGE[:10], "before"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(StoreUnavailable, match="the disk failed to read or write; look at the system"):
            store.mirror.append(page(LARGE[10:], "after"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (held(store), cursor(store)) == (LARGE[:10], "before")
    assert store.mirror.append(page(LARGE[10:], "after")) == len(LARGE) - 10
    store.close()


def test_a_database_locked_for_too_long_is_tried_again_later(file: Path) -> None:
    store = opened(file, "?timeout=0.2")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="another process has locked it for too long; nothing was written"):
        store.mirror.append(page(LARGE[:10]))
    assert held(store) == []  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    assert store.mirror.append(page(LARGE[:10])) == 10
    store.close()


def test_a_writer_has_the_lock_before_it_reads(file: Path) -> None:
    """One that began as a reader could find half-way that somebody else has written."""
    store, other = opened(file), opened(file, "?timeout=0.2")
    with store.writing(), pytest.raises(StoreUnavailable, match="locked"), other.writing():
        pass
    store.close()
    other.close()


def test_damage_in_a_page_that_nobody_reads_is_found_by_looking(file: Path) -> None:
    store = opened(file)
    store.mirror.append(page(LARGE))
    store.database.verify()
    store.close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(file.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    file.write_bytes(content)
    store = open_store(f"sqlite:///{file}")
    with pytest.raises(StoreBroken, match=r"is damaged: .*restore it from a backup"):
        store.database.verify()
    store.close()


def test_a_damaged_file_is_said_to_be_damaged(file: Path) -> None:
    store = opened(file)
    store.mirror.append(page(LARGE))
    store.close()
    content = bytearray(file.read_bytes())
    content[20 * 4096 :] = os.urandom(len(content) - 20 * 4096)
    file.write_bytes(content)
    with pytest.raises(StoreBroken, match=r"the file is damaged; restore it from a backup, or move it away"):
        held(open_store(f"sqlite:///{file}"))


def test_a_file_that_is_no_database_is_left_alone(file: Path) -> None:
    file.write_text("Dear diary, " * 1000)
    with pytest.raises(StoreBroken, match=r"the file is not a database; set \[store\] url to another file"):
        open_store(f"sqlite:///{file}")
    assert file.read_text() == "Dear diary, " * 1000


@pytest.mark.parametrize("path", ["missing/state.db", "."])
def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(StoreUnavailable, match="make sure that its folder exists and this user may write there"):
        open_store(f"sqlite:///{tmp_path / path}")


def test_a_server_out_of_reach_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://me:hush@/ledgers?host={tmp_path}"
    with pytest.raises(StoreUnavailable, match=r"postgresql://me:\*\*\*@/ledgers.*cannot be reached") as lost:
        open_store(url)
    assert "hush" not in str(lost.value)


def test_a_database_that_does_not_exist_is_said_so(postgresql_server: URL) -> None:
    missing = postgresql_server.set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(StoreUnavailable, match='database "nowhere" does not exist'):
        open_store(missing)


def test_a_connection_ended_by_the_server_loses_nothing(postgresql_server: URL) -> None:
    with postgresql.database(postgresql_server) as url:
        store = open_store(url)
        with pytest.raises(StoreUnavailable, match="server ended the connection; nothing was written"):
            _write_while_the_server_ends_every_connection(store, url)
        assert store.runs.last() is None
        store.runs.start(NOON)
        store.close()


def _write_while_the_server_ends_every_connection(store: Store, url: str) -> None:
    other = open_store(url)
    insert = text("INSERT INTO runs (started) VALUES (1)")
    with store.writing() as connection:
        connection.execute(insert)
        own = connection.scalar(text("SELECT pg_backend_pid()"))
        with other.writing() as elsewhere:
            elsewhere.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
        other.close()
        connection.execute(insert)


def test_a_mistake_of_the_program_is_no_fault_of_the_database(store: Store) -> None:
    with pytest.raises(Exception, match="no_such_table") as mistake, store.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM no_such_table")
    assert not isinstance(mistake.value, BridgeError)


def test_what_needs_more_than_64_bits_is_no_fault_of_the_database_either(store: Store) -> None:
    summed = "SELECT CAST(SUM(one) AS BIGINT) FROM (SELECT 9223372036854775807 AS one UNION ALL SELECT 1) AS two"
    with pytest.raises(TooLarge), store.reading() as connection:
        connection.exec_driver_sql(summed)
    with pytest.raises(TooLarge), store.writing() as connection:
        insert_many(connection, marks, [(1, 2**63, "capture")])
    with pytest.raises(TooLarge), store.writing() as connection:
        connection.execute(insert(marks), {"book_id": 1, "position": 2**63, "entry_type": "capture"})
