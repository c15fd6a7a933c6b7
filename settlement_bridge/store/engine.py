"""The SQLAlchemy engine of a store's address, set up for one ledger keeper rather than for the web."""

import os
import sqlite3
import time
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.store.driver_errors import address, translate_errors

LOCK_TIMEOUT: Final = 60
"""Seconds to wait for another writer."""

SYNCHRONOUS: Final = "settlement_bridge_synchronous"
"""Execution option of a connection that is about to write: how SQLite waits for the disk (FULL, NORMAL)."""

_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -2000",  # KiB a connection, so that memory stays the same however large the file
    "PRAGMA temp_store = FILE",
    "PRAGMA wal_autocheckpoint = 4000",  # pages: what many commits write anew goes into the database once
)


def make_engine(text: str | URL) -> Engine:
    """Return the engine of a SQLite or PostgreSQL address; nothing is connected yet.

    Raises ConfigurationError where it is neither, or its driver is not installed.
    """
    url = _parse(text)
    engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)
    translate_errors(engine)
    return engine


def _parse(text: str | URL) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        problem = "[store] url is not a database address; write sqlite:///state.db or postgresql://user@host/name"
        raise ConfigurationError([problem]) from None
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return url.set(drivername="sqlite+pysqlite")
    if url.get_backend_name() in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    problem = f"[store] url = {address(url)!r}: only SQLite files (sqlite:///state.db) and PostgreSQL are supported"
    raise ConfigurationError([problem])


def _sqlite(url: URL) -> Engine:
    timeout = float(str(url.query.get("timeout", LOCK_TIMEOUT)))
    engine = create_engine(
        url,
        hide_parameters=True,  # errors are logged, and kept with the run: names of payers must not be
        poolclass=QueuePool,
        pool_use_lifo=True,  # the connection used last still has its statements and pages at hand
        max_overflow=-1,
        connect_args={"timeout": timeout, "isolation_level": None, "check_same_thread": False},
    )
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(_dialect: object, _record: object, arguments: list[Any], _named: object) -> None:
    """Let a new database be read by its owner only, whatever the umask: it may hold names of payers."""
    with suppress(OSError):  # SQLite says what is wrong; a file that exists keeps its mode
        os.close(os.open(arguments[0], os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    _use_wal(connection)
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _use_wal(connection: Any) -> None:
    """Have changes written to a log first. Of those who open a new database at once SQLite lets only one do so."""
    until = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.05)  # elsewhere SQLite waits by itself, here it does not
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    synchronous = connection.get_execution_options().get(SYNCHRONOUS)
    if synchronous is None:
        connection.exec_driver_sql("BEGIN")
        return
    if connection.info.get(SYNCHRONOUS) != synchronous:
        connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
        connection.info[SYNCHRONOUS] = synchronous
    # The driver would begin late and only for some statements. A writer that begins as a reader can fail half-way.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql(url: URL) -> Engine:
    if find_spec("psycopg") is None:
        problem = (
            "[store] url names PostgreSQL, whose driver is missing; run pip install 'settlement-bridge[postgresql]'"
        )
        raise ConfigurationError([problem])
    options = f"{url.query.get('options', '')} -c lock_timeout={LOCK_TIMEOUT}s".strip()
    defaults = {"application_name": "settlement-bridge", "connect_timeout": "10"}
    return create_engine(
        url,
        hide_parameters=True,
        paramstyle="format",  # positional, so that rows go to the driver as they are
        pool_use_lifo=True,
        max_overflow=-1,
        pool_pre_ping=True,
        connect_args={**defaults, **url.query, "options": options, "client_encoding": "utf8"},
    )
