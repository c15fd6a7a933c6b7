"""A store copied into another one, of the same kind or the other."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from io import BytesIO
from threading import Thread
from typing import Any

import psycopg
import pytest
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, insert, select, text
from sqlalchemy.engine import URL

from settlement_bridge.errors import Busy, StoreBroken, StoreMoved, StoreUnavailable, TargetRefused
from settlement_bridge.store import DocumentPlace, Store, TableSum, copy_store, count_rows, move_away, open_store
from settlement_bridge.store.copy import table_sum
from settlement_bridge.store.tables import leases, metadata, notes
from tests import postgresql
from tests.store.histories import LEDGER, NOON, held, history, page

ROWS = 7


@pytest.fixture(params=["sqlite", "postgresql"])
def target_url(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[str]:
    """An empty database of either kind, beside the store's own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'target.db'}"
        return
    server: URL = request.getfixturevalue("postgresql_server")
    with postgresql.database(server) as address:
        yield address


@pytest.fixture
def target(target_url: str) -> Iterator[Store]:
    opened = open_store(target_url)
    yield opened
    opened.close()


TEXTS = ["", "plain", "ærlig 😀", "'; DROP TABLE", "line\nbreak", "100 %s %(x)s", "x" * 70_000]


def value(column: Column[Any], row: int) -> object:
    """Make up a value that fits a column, and a foreign key's target in the same row of its table."""
    if column.nullable and row % 3 == 0:
        return None
    if isinstance(column.type, Boolean):
        return row % 2 == 0
    if isinstance(column.type, BigInteger):
        return (-1) ** row * (2**62 - row)
    if isinstance(column.type, Integer):
        return row + 1
    if isinstance(column.type, LargeBinary):
        return bytes([0, 255, row])
    keyed = column.primary_key or column.unique or column.foreign_keys or not column.nullable
    return f"{row}" if keyed else TEXTS[row]


def fill(store: Store) -> None:
    """Put rows into every table there is, so that a new one is tested from its first day."""
    with store.writing() as connection:
        for table in metadata.sorted_tables:
            rows = [{column.name: value(column, row) for column in table.columns} for row in range(ROWS)]
            connection.execute(insert(table), rows)


def content(store: Store, table: Table) -> Sequence[tuple[Any, ...]]:
    with store.reading() as connection:
        return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]


def ignore(table: str, rows: int) -> None:
    """Nobody watches the progress."""


def test_every_row_of_every_table_arrives(store: Store, target: Store) -> None:
    fill(store)
    told: list[tuple[str, int]] = []
    sums = copy_store(store.database, target.database, lambda table, rows: told.append((table, rows)))
    assert {one.name: one.rows for one in sums} == dict.fromkeys(metadata.tables, ROWS)
    assert sorted(told) == sorted((table, ROWS) for table in metadata.tables)
    assert count_rows(target.database) == count_rows(store.database) == ROWS * len(metadata.tables)
    for table in metadata.sorted_tables:
        if table is not leases:
            assert sorted(content(target, table), key=repr) == sorted(content(store, table), key=repr)


def test_many_rows_come_in_chunks_and_can_be_used(store: Store, target: Store) -> None:
    store.ledgers.remember([LEDGER])
    store.mirror.append(page(history(*range(1, 5001))))
    told: list[int] = []
    copy_store(store.database, target.database, lambda table, rows: told.append(rows) if table == "entries" else None)
    assert told == [2000, 2000, 1000]
    assert held(target) == held(store)
    target.mirror.append(page(history(*range(1, 5003)), "next"))
    assert len(held(target)) == 5002


def test_numbers_go_on_where_they_were_also_behind_a_deleted_row(store: Store, target: Store) -> None:
    last = [store.runs.start(NOON) for _ in range(3)][-1]
    with store.writing() as connection:
        connection.execute(text("DELETE FROM runs WHERE run_id > 1"))
    copy_store(store.database, target.database, ignore)
    assert target.runs.start(NOON) == last + 1
    target.ledgers.remember([LEDGER])
    target.mirror.append(page(history(1)))  # a table whose numbers nobody had used


def test_nobody_holds_a_lease_in_the_copy_and_its_fence_goes_on(store: Store, target: Store) -> None:
    token = store.leases.acquire("work", "migrate", 60, NOON)
    copy_store(store.database, target.database, ignore)
    assert target.leases.acquire("work", "sync", 60, NOON) == token + 1


def test_a_target_that_holds_anything_is_refused(store: Store, target: Store) -> None:
    fill(store)
    target.leases.acquire("work", "sync", 60, NOON)
    with pytest.raises(TargetRefused, match=r"is not empty \(it has leases\): name one that is"):
        copy_store(store.database, target.database, ignore)
    with pytest.raises(TargetRefused, match="is not empty"):
        copy_store(store.database, store.database, ignore)


def test_what_is_written_meanwhile_is_not_in_the_copy(store: Store, url: str, target: Store) -> None:
    fill(store)
    other = open_store(url)

    def write(table: str, rows: int) -> None:
        with other.writing() as connection:
            connection.execute(insert(notes).values(name=f"while {table} is copied", value=""))

    sums = copy_store(store.database, target.database, write)
    other.close()
    assert {one.rows for one in sums} == {ROWS}
    assert count_rows(store.database) == count_rows(target.database) + len(sums)


def test_a_copy_that_breaks_off_leaves_nothing(store: Store, target: Store) -> None:
    fill(store)

    def break_off(table: str, rows: int) -> None:
        if table == "entries":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_store(store.database, target.database, break_off)
    assert count_rows(target.database) == 0
    copy_store(store.database, target.database, ignore)


TAMPERING = {
    "sqlite": [
        "CREATE TRIGGER tamper AFTER INSERT ON entries WHEN NEW.position = 3 BEGIN "
        "UPDATE entries SET amount = amount + 1 WHERE book_id = NEW.book_id AND position = 3; END"
    ],
    "postgresql": [
        "CREATE FUNCTION tamper() RETURNS trigger AS $$ BEGIN "
        "IF NEW.position = 3 THEN NEW.amount := NEW.amount + 1; END IF; RETURN NEW; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER tamper BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION tamper()",
    ],
}


def test_one_minor_unit_that_comes_out_differently_is_noticed(store: Store, target: Store) -> None:
    store.ledgers.remember([LEDGER])
    store.mirror.append(page(history(1, 2, 3, 4)))
    with target.writing() as connection:
        for statement in TAMPERING[connection.dialect.name]:
            connection.exec_driver_sql(statement)
    with pytest.raises(StoreBroken, match=r"the table entries came out differently in .*\(4 rows, sum .*copy again"):
        copy_store(store.database, target.database, ignore)
    assert count_rows(target.database) == 0


def test_a_server_that_goes_away_meanwhile_is_said_in_a_sentence(store: Store, postgresql_server: URL) -> None:
    fill(store)
    others = "datname = current_database() AND pid <> pg_backend_pid()"

    def end_the_target(table: str, rows: int) -> None:
        if table == "ledgers":
            with psycopg.connect(address) as connection:
                connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}".encode())

    with postgresql.database(postgresql_server) as address, closing(open_store(address)) as target:
        with pytest.raises(StoreUnavailable, match=r"the server (ended|cannot be reached)|the connection broke"):
            copy_store(store.database, target.database, end_the_target)
        assert count_rows(target.database) == 0
        copy_store(store.database, target.database, ignore)


def test_who_wants_to_work_in_the_target_comes_after_the_copy(store: Store, target: Store, target_url: str) -> None:
    fill(store)
    early, order = open_store(target_url), list[str]()

    def work() -> None:
        early.leases.acquire("daemon", "daemon", 60, NOON)
        order.append("lease")

    worker = Thread(target=work)

    def begin(table: str, rows: int) -> None:
        if table == "leases":
            worker.start()
            worker.join(0.5)
        order.append(table)

    copy_store(store.database, target.database, begin)
    worker.join(30)
    early.close()
    assert order[-1] == "lease"
    assert count_rows(target.database) == count_rows(store.database) + 1


def sums(store: Store) -> list[TableSum]:
    with store.reading() as connection:
        return [table_sum(connection, table) for table in metadata.sorted_tables]


def test_a_file_fetched_while_the_store_was_copied_keeps_it_from_moving(store: Store) -> None:
    """It is in the archive here, and would be in the inbox there."""
    copied = sums(store)
    store.documents.write_draft(DocumentPlace("xml", "1", "2", "3.xml"), BytesIO(b"x"), "0", 1, NOON)
    draft = store.documents.draft(DocumentPlace("xml", "1", "2", "3.xml"))
    assert draft
    store.inboxes.archive("import", draft.document_id, NOON)
    with pytest.raises(Busy, match="stop `settlement-bridge serve`"):
        move_away(store.database, "postgresql://elsewhere/x", copied)
    move_away(store.database, "postgresql://elsewhere/x", sums(store))
    with pytest.raises(StoreMoved):
        store.inboxes.archive("import", draft.document_id, NOON)
    with pytest.raises(StoreMoved):
        store.inboxes.restore("import", [draft.document_id])


def test_nobody_works_in_a_store_that_has_moved(store: Store) -> None:
    store.must_be_here()
    move_away(store.database, "postgresql://elsewhere/x", sums(store))
    with pytest.raises(StoreMoved, match=r"moved from .* to postgresql://elsewhere/x, .* set \[store\] url to it"):
        store.leases.acquire("work", "sync", 60, NOON)
    with pytest.raises(StoreMoved):
        store.must_be_here()
