"""Many rows at once, faster than the driver's own way of many."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from sqlalchemy import Connection, Dialect, Table

ROWS_A_STATEMENT = 200
"""Both databases take some thirty thousand values in a statement; more rows than this gain nothing."""


def insert_many(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows given as tuples in the order of the table's columns.

    Many rows in one statement take half the time of one statement for every row, and the values go to the driver
    untouched: a dictionary a row costs more than the database does.
    """
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        some = rows[start : start + ROWS_A_STATEMENT]
        statement = _statement(table, connection.dialect, len(some))
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(some)))


@lru_cache(maxsize=256)
def _statement(table: Table, dialect: Dialect, count: int) -> str:
    quoted = dialect.identifier_preparer
    columns = ", ".join(quoted.quote(column.name) for column in table.columns)
    place = "?" if dialect.paramstyle == "qmark" else "%s"
    row = f"({', '.join([place] * len(table.columns))})"
    rows = ", ".join([row] * count)
    return f"INSERT INTO {quoted.format_table(table)} ({columns}) VALUES {rows}"  # noqa: S608 - our own tables' names
