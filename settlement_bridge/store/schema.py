"""The database's schema brought up to date, by numbered migrations."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from settlement_bridge.errors import StoreBroken
from settlement_bridge.store.database import Database

REVISION: Final = "0006"
"""The newest migration this program knows."""

VERSION_TABLE: Final = "schema_version"
_MIGRATION_LOCK: Final = 7_116_655  # any number, the same in every process


def bring_up_to_date(database: Database) -> None:
    """Make or migrate the tables, where the database is behind.

    Raises StoreBroken where a newer program, or another one, has made it.
    """
    if _revision(database) != REVISION:
        with database.writing() as connection:
            _migrate(connection, database.address)


def _revision(database: Database) -> str | None:
    """Return the database's revision, None where it has none; one query."""
    try:
        with database.reading() as connection:
            revision: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    except (OperationalError, ProgrammingError):  # no such table
        return None
    if revision is not None and not (revision.isdecimal() and revision <= REVISION):
        raise StoreBroken(
            f"the database {database.address} is of version {revision}, this program knows up to {REVISION}: "
            "install the newest settlement-bridge, or set [store] url to another database"
        )
    return revision


def _migrate(connection: Connection, address: str) -> None:
    # A second of start-up, which only the first start of a version pays.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
    found = inspect(connection).get_table_names()
    if found and VERSION_TABLE not in found:
        raise StoreBroken(
            f"the database {address} holds another program's tables ({', '.join(sorted(found)[:3])}): "
            "set [store] url to a database of its own"
        )
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
