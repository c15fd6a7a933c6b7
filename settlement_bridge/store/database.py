"""Transactions: one way to read, one way to write, and the fence that keeps a writer who lost his lease out."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from typing import Any

from sqlalchemy import Compiled, Connection, Engine, Row, Select, Table, TextClause, bindparam, select, text
from sqlalchemy.dialects import postgresql, sqlite

from settlement_bridge.errors import Busy, StoreBroken, StoreUnavailable
from settlement_bridge.store import driver_errors
from settlement_bridge.store.driver_errors import translated
from settlement_bridge.store.engine import LOCK_TIMEOUT, SYNCHRONOUS
from settlement_bridge.store.tables import leases

ROWS_AT_ONCE = 2000

# FOR KEY SHARE (ignored by SQLite, whose writers are alone): nobody takes a lease over before this is committed, while
# its holder can renew it. Stronger locks of many writers would follow one another without a gap, and it would run out.
_HOLDER = (
    select(leases.c.token, leases.c.holder)
    .where(leases.c.name == bindparam("name"))
    .with_for_update(read=True, key_share=True)
)


class Database:
    """An engine with its transactions; usable from many threads. Errors of the driver come out as StoreUnavailable
    or StoreBroken."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.address = driver_errors.address(engine.url)
        self.leases_held: dict[str, int] = {}
        """Tokens by lease name, as taken through this store."""
        self._questions: dict[Select[Any], Compiled] = {}
        self._is_sqlite = engine.dialect.name == "sqlite"
        # SQLite lets waiting writers poll; threads of one process are better off in a queue.
        self._turn = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees the database as it is now, whatever others write meanwhile."""
        with self.engine.connect() as connection:
            if not self._is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    def ask(self, question: Select[Any], values: Mapping[str, object]) -> Sequence[tuple[Any, ...]]:
        """Return the rows that answer one question, in a transaction of its own, with what the driver makes of them.

        For questions that are put together once, and asked so often that what lies between here and the driver, which
        takes several times as long as a short answer, is too much.
        """
        if question not in self._questions:
            self._questions[question] = question.compile(dialect=self.engine.dialect)
        asked = self._questions[question]
        order: Sequence[str] = asked.positiontup  # type: ignore[attr-defined]
        with translated(self.engine), closing(self.engine.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            rows: Sequence[tuple[Any, ...]] = driver.execute(str(asked), [values[name] for name in order]).fetchall()
        return rows

    @contextmanager
    def writing(self, *, fenced: bool = True, durable: bool = True) -> Iterator[Connection]:
        """Give a connection whose changes are kept together at the end, or not at all.

        Without `durable`, SQLite does not wait for the disk: a power cut may undo the changes, with all later ones,
        but never a part of them. That is for what can be read again (the mirror), never for what cannot.
        Raises Busy where a lease taken through this store has meanwhile gone to somebody else. Not to be nested.
        """
        with self._in_turn(), self.engine.connect() as connection:
            connection.execution_options(**{SYNCHRONOUS: "FULL" if durable else "NORMAL"})
            with connection.begin():
                if fenced and self.leases_held:
                    self._verify_leases(connection)
                yield connection

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self._is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=LOCK_TIMEOUT):
            raise StoreUnavailable(f"the database {self.address} was locked by this process for {LOCK_TIMEOUT} s")
        try:
            yield
        finally:
            self._turn.release()

    def _verify_leases(self, connection: Connection) -> None:
        for name, token in list(self.leases_held.items()):
            current, holder = connection.execute(_HOLDER, {"name": name}).one_or_none() or (None, "nobody")
            if current != token:
                raise Busy(
                    f"{holder} has taken over the lease {name!r} from this process, which was too slow to renew it"
                )

    def verify(self) -> None:
        """Read a SQLite file from end to end and raise StoreBroken where it is damaged; PostgreSQL watches itself."""
        if not self._is_sqlite:
            return
        with self.reading() as connection:
            said = " ".join(str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()).split())
        if said != "ok":
            raise StoreBroken(f"the database {self.address} is damaged: {said}; {driver_errors.RESTORE}")

    def erase_deleted(self, connection: Connection) -> None:
        """Have SQLite overwrite with zeros what this transaction deletes; PostgreSQL's vacuum removes it in time."""
        if self._is_sqlite:
            connection.exec_driver_sql("PRAGMA secure_delete = ON")

    def empty_log(self) -> None:
        """Have SQLite bring its write-ahead log into the file and cut it to nothing, unless somebody still reads it."""
        if not self._is_sqlite:
            return
        connection = self.engine.raw_connection()
        try:
            # What fails here, SQLite does by itself when the last connection closes.
            with suppress(sqlite3.Error):
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an insert that can say what happens on a conflict."""
        return sqlite.insert(table) if self._is_sqlite else postgresql.insert(table)

    def upsert(self, connection: Connection, table: Table, values: Mapping[str, object]) -> None:
        """Insert a row or, where its primary key is held, bring that row to `values`."""
        connection.execute(_upsert(table, *values), values)


@lru_cache(maxsize=64)
def _upsert(table: Table, *names: str) -> TextClause:
    # As text, which both databases read alike: SQLAlchemy puts its own kind of it together anew at every execution.
    keys = [column.name for column in table.primary_key]
    columns, values = ", ".join(names), ", ".join(f":{name}" for name in names)
    others = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    return text(
        f"INSERT INTO {table.name} ({columns}) VALUES ({values})"  # noqa: S608 - our own tables' names
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {others}"
    )


def stream(
    connection: Connection, query: Select[Any], values: Mapping[str, object] | None = None
) -> Iterator[Row[Any]]:
    """Yield the rows of a query, however many, a few in memory at a time; `values` are what it binds."""
    result = connection.execute(query, values, execution_options={"yield_per": ROWS_AT_ONCE})
    for rows in result.partitions():
        yield from rows
