"""A real PostgreSQL for tests: the one SETTLEMENT_BRIDGE_POSTGRESQL names, or a private one from installed binaries."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL, make_url

from tests.conftest import require

USER = "bridge"


def address_given() -> URL | None:
    """Return the server that the person running the tests has set up."""
    given = os.environ.get("SETTLEMENT_BRIDGE_POSTGRESQL")
    return make_url(given) if given else None


@contextmanager
def private_server() -> Iterator[URL]:
    """Run a server of our own, reachable through a socket in a temporary folder only."""
    binaries = _binaries()
    require(binaries, "install PostgreSQL (initdb and postgres), or set SETTLEMENT_BRIDGE_POSTGRESQL to an address")
    assert binaries is not None
    account = _account()
    require(account or os.geteuid(), "PostgreSQL refuses to run as root: add a user named postgres or nobody")
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        if account:
            shutil.chown(folder, account)
        data = Path(folder, "data")
        initdb = f"{binaries / 'initdb'} -D {data} -U {USER} -A trust -E UTF8 --locale=C -N"
        subprocess.run(initdb.split(), check=True, stdout=subprocess.DEVNULL, user=account, cwd=folder)
        settings = ("listen_addresses=", "fsync=off", "shared_buffers=16MB", "max_connections=60")
        options = [part for setting in settings for part in ("-c", setting)]
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, *options],
            stderr=subprocess.DEVNULL,
            user=account,
            cwd=folder,
        )
        try:
            yield _when_ready(URL.create("postgresql", username=USER, database="postgres", query={"host": folder}))
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown
            server.wait(30)


def _binaries() -> Path | None:
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def _account() -> str | None:
    """Return whom to run as; None to run as we are."""
    if os.geteuid():
        return None
    names = {line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


def _when_ready(server: URL) -> URL:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(_conninfo(server)).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return server


@contextmanager
def database(server: URL) -> Iterator[str]:
    """Give the address of an empty database, dropped at the end."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(_conninfo(server), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'".encode())
        try:
            yield server.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _conninfo(server: URL) -> str:
    return server.set(drivername="postgresql").render_as_string(hide_password=False)
