"""A whole store copied into an empty one, of the same kind or the other: every table as it is in one moment."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, LargeBinary, Table, func, literal, select, text, update

from settlement_bridge.errors import StoreBroken, TargetRefused
from settlement_bridge.store.bulk import insert_many
from settlement_bridge.store.database import ROWS_AT_ONCE, Database
from settlement_bridge.store.tables import leases, metadata

LARGE_ROWS_AT_ONCE = 20
"""Of tables that hold parts of files."""

Rows = Sequence[tuple[Any, ...]]
Copied = Callable[[str, int], None]
"""Is told how many more rows of which table have been copied."""


@dataclass(frozen=True)
class TableSum:
    """What a table holds: how many rows, and the sum of a checksum of each, in whatever order they come."""

    name: str
    rows: int
    checksum: int


def count_rows(database: Database) -> int:
    """Return how many rows a store has in all."""
    with database.reading() as connection:
        return sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in metadata.sorted_tables)


def table_sum(connection: Connection, table: Table) -> TableSum:
    """Return what a table holds now."""
    return _sum(table.name, _read(connection, table))


def copy_store(source: Database, target: Database, copied: Copied) -> list[TableSum]:
    """Copy every row of every table, and the numbers given out so far; return what was copied, table by table.

    All or nothing: rows become visible in the target when every table has been read back from it and holds the rows
    and sums of the source. Nobody holds a lease there. The source is read as it is at the beginning.
    Raises TargetRefused where the target holds anything, StoreBroken where what was read back differs.
    """
    with source.reading() as old, target.writing(fenced=False) as new:
        _shut_out_others(new)
        _must_be_empty(new, target.address)
        sums = [_copy(old, new, table, copied) for table in _leases_first()]
        for table, expected in zip(_leases_first(), sums, strict=True):
            _must_be_the_same(table_sum(new, table), expected, target.address)
        for table in metadata.sorted_tables:
            _go_on_counting(old, new, table)
        new.execute(update(leases).values(expires=0))
    return sums


def _leases_first() -> list[Table]:
    """Return the tables in an order that foreign keys allow; whoever wants to work in the target meets leases first."""
    return [leases, *(table for table in metadata.sorted_tables if table is not leases)]


def _shut_out_others(connection: Connection) -> None:
    """Let nobody take a lease before the copy is there; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {leases.name} IN EXCLUSIVE MODE"))


def _must_be_empty(connection: Connection, address: str) -> None:
    for table in metadata.sorted_tables:
        if connection.execute(select(literal(1)).select_from(table).limit(1)).first():
            raise TargetRefused(f"the database {address} is not empty (it has {table.name}): name one that is")


def _copy(old: Connection, new: Connection, table: Table, copied: Copied) -> TableSum:
    def passing() -> Iterator[Rows]:
        for rows in _read(old, table):
            insert_many(new, table, rows)
            copied(table.name, len(rows))
            yield rows

    return _sum(table.name, passing())


def _read(connection: Connection, table: Table) -> Iterator[Rows]:
    query = select(table).order_by(*table.primary_key)
    large = any(isinstance(column.type, LargeBinary) for column in table.columns)
    result = connection.execute(query, execution_options={"yield_per": LARGE_ROWS_AT_ONCE if large else ROWS_AT_ONCE})
    for rows in result.partitions():
        yield [tuple(row) for row in rows]


def _sum(name: str, chunks: Iterable[Rows]) -> TableSum:
    count = total = 0
    for rows in chunks:
        count += len(rows)
        total += sum(crc32(repr(row).encode()) for row in rows)
    return TableSum(name, count, total)


def _must_be_the_same(found: TableSum, expected: TableSum, address: str) -> None:
    if found != expected:
        raise StoreBroken(
            f"the table {found.name} came out differently in {address} ({found.rows:,} rows, sum {found.checksum}; "
            f"they should be {expected.rows:,} with sum {expected.checksum}): nothing was kept there, copy again"
        )


def _go_on_counting(old: Connection, new: Connection, table: Table) -> None:
    """Let the target give out numbers where the source would have: one of a deleted row must never come back."""
    column = table.autoincrement_column
    if column is None:
        return
    last = _last_number(old, table.name, column.name)
    if last is None:
        return
    values = {"table": table.name, "column": column.name, "last": last}
    if new.dialect.name == "postgresql":
        new.execute(text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"), values)
    else:
        new.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), values)
        new.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)"), values)


def _last_number(connection: Connection, table: str, column: str) -> int | None:
    """Return the number given out last; None where none was ever."""
    if connection.dialect.name == "sqlite":
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
        seq: int | None = connection.scalar(query, {"table": table})
        return seq
    names = {"table": table, "column": column}
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), names)
    last, used = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
    return last if used else None
