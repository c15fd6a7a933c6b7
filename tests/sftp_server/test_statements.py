"""How much the database is asked: a listing of any length, and every file of it, costs a fixed number of statements."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import paramiko
import pytest
from sqlalchemy import Engine, event

from settlement_bridge.store import Store
from tests.sftp_server.served import MSN, NAME, ORGANIZATION, place, publish, serving, user

FOLDER = f"/settlements/inbox/xml/{ORGANIZATION}/{MSN}"
_NO_QUESTIONS = ("BEGIN", "PRAGMA", "ROLLBACK", "COMMIT")


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that are executed within the block."""
    statements: list[str] = []

    def note(statement: str) -> None:
        if not statement.startswith(_NO_QUESTIONS):
            statements.append(statement)

    def listen(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_trace_callback(note)

    event.listen(engine, "checkout", listen)
    try:
        yield statements
    finally:
        event.remove(engine, "checkout", listen)


@pytest.mark.parametrize("files", [3, 300])
def test_a_listing_asks_the_same_however_long_it_is(
    store: Store, host_keys: Sequence[paramiko.PKey], files: int
) -> None:
    for payout in range(2000001, 2000001 + files):
        publish(store, place(payout), b"one")
    with serving(store, host_keys, [user(NAME, MSN)]) as served:
        client = served.client()
        with counting(store.database.engine) as statements:
            names = [one.filename for one in client.listdir_attr(FOLDER)]
            assert len(names) == files
            assert len(statements) <= 2, statements
        with counting(store.database.engine) as statements:
            for name in names:
                client.stat(f"{FOLDER}/{name}")
            assert statements == []  # what was listed a moment ago is known


def test_a_file_that_is_fetched_costs_its_content_and_its_move(
    store: Store, host_keys: Sequence[paramiko.PKey]
) -> None:
    publish(store, place(), b"one")
    with serving(store, host_keys, [user(NAME, MSN)]) as served:
        client = served.client()
        client.listdir(FOLDER)
        with counting(store.database.engine) as statements:
            with client.open(f"{FOLDER}/{place().name}", "rb") as file:
                assert file.read() == b"one"
            assert len(statements) <= 3, statements
        assert served.archive() == [place().name]
