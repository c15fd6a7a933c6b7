import multiprocessing
import os
import stat
import subprocess
import sys
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text

from settlement_bridge.errors import ConfigurationError, StoreBroken
from settlement_bridge.store import Store, open_store, schema
from settlement_bridge.store.database import Database
from settlement_bridge.store.engine import make_engine
from settlement_bridge.store.tables import metadata
from tests import postgresql
from tests.store.histories import LEDGER, NOON, history, page

OURS = {table.name for table in metadata.sorted_tables}

SQLITE_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
POSTGRESQL_SCHEMA = (
    "SELECT 'column', table_name, column_name, data_type || ' ' || is_nullable || coalesce(column_default, '')"
    " || ordinal_position FROM information_schema.columns WHERE table_schema = 'public'"
    " UNION SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    " UNION SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace"
)


def described(connection: Connection) -> set[tuple[str, ...]]:
    """Return everything the database says of its tables, but for what only one of the two ways makes."""
    query = SQLITE_SCHEMA if connection.dialect.name == "sqlite" else POSTGRESQL_SCHEMA
    rows = [tuple(" ".join(str(part).split()) for part in row) for row in connection.execute(text(query))]
    return {row for row in rows if schema.VERSION_TABLE not in " ".join(row) and "sqlite_stat" not in row[1]}


@pytest.fixture
def fresh_url(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> str:
    """A second empty database of the same kind."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'fresh.db'}"
    context = postgresql.database(request.getfixturevalue("postgresql_server"))
    address = context.__enter__()
    request.addfinalizer(lambda: context.__exit__(None, None, None))
    return address


def test_migrations_make_the_same_schema_as_the_tables_say(store: Store, fresh_url: str) -> None:
    fresh = make_engine(fresh_url)
    with fresh.begin() as connection:
        metadata.create_all(connection)
        expected = described(connection)
    fresh.dispose()
    with store.reading() as connection:
        assert described(connection) == expected
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_the_program_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.REVISION]


def test_opening_again_costs_one_query_and_keeps_everything(store: Store, url: str) -> None:
    store.runs.start(NOON)
    asked: list[str] = []
    again = make_engine(url)
    event.listen(again, "before_cursor_execute", lambda *said: asked.append(str(said[2])))
    schema.bring_up_to_date(Database(again))
    again.dispose()
    assert [statement for statement in asked if statement != "BEGIN"] == ["SELECT version_num FROM schema_version"]
    assert store.runs.last() is not None


def test_alembic_is_not_even_imported_where_nothing_is_to_do(store: Store, url: str) -> None:
    program = "import sys; from settlement_bridge.store import open_store; open_store(sys.argv[1]).close(); "
    program += "sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program, url], check=False).returncode == 0


def test_books_of_an_older_version_are_searched_by_time_after_the_migration(store: Store, url: str) -> None:
    store.ledgers.remember([LEDGER])
    entries = history(*range(1, 2500))
    store.mirror.append(page(entries))
    with store.writing() as connection:
        connection.exec_driver_sql("DROP TABLE stretches")
        connection.exec_driver_sql("CREATE INDEX entries_by_time ON entries (book_id, time)")
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '0005'")
    migrated = open_store(url)
    with migrated.reading() as connection:
        found = connection.exec_driver_sql("SELECT first_position, last_position FROM stretches ORDER BY 1").all()
    assert [tuple(row) for row in found] == [(1, 1000), (1001, 2000), (2001, 2499)]
    assert [migrated.mirror.append(page([entries[place]])) for place in (0, 999, 1000, 2498)] == [0, 0, 0, 0]
    migrated.close()


def test_a_database_of_a_newer_version_is_left_alone(store: Store, url: str) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '0999'")
    with pytest.raises(StoreBroken, match=r"is of version 0999, this program knows up to \d+: install the newest"):
        open_store(url)


def test_another_programs_database_is_left_alone(url: str) -> None:
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE customers (name TEXT)")
    with pytest.raises(StoreBroken, match=r"holds another program's tables \(customers\): set \[store\] url"):
        open_store(url)
    with engine.begin() as connection:
        assert {row[1] for row in described(connection)} & OURS == set()
    engine.dispose()


def opening(url: str, start: Barrier, answers: "multiprocessing.Queue[str]") -> None:
    start.wait(60)
    try:
        open_store(url).close()
        answers.put("")
    except BaseException as error:
        answers.put(repr(error))
        raise


def test_processes_that_open_a_new_database_at_once_all_get_it(url: str) -> None:
    processes = multiprocessing.get_context("spawn")
    start, answers = processes.Barrier(4), processes.Queue()
    openers = [processes.Process(target=opening, args=(url, start, answers)) for _ in range(4)]
    for opener in openers:
        opener.start()
    assert [answers.get(timeout=60) for _ in openers] == [""] * len(openers)
    for opener in openers:
        opener.join(60)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("state.db", "is not a database address; write sqlite:///state.db"),
        ("sqlite://", "only SQLite files"),
        ("mysql://me:secret@host/name", r"mysql://me:\*\*\*@host/name.*only SQLite files"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_mistake_in_the_configuration(address: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        open_store(address)
    assert "secret" not in str(refused.value)


def test_sqlite_is_set_up_to_survive_a_power_cut_in_little_memory(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "cache_size", "temp_store", "busy_timeout")
    with store.reading() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() for pragma in pragmas]
    assert found == ["wal", 2, 1, -2000, 1, 60_000]
    store.close()


def test_a_new_database_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with closing(open_store(f"sqlite:///{tmp_path}/state.db")) as store:
            store.runs.start(NOON)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm"), 0o600)
