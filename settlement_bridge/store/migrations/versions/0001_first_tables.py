"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, PrimaryKeyConstraint, Text, UniqueConstraint

revision = "0001"
down_revision = None

IS_CURRENT = "current"
IS_DUE = "due"
TAKES_PATH = "state IN ('publishing', 'delivered')"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Make every table of the first version."""
    op.create_table(
        "ledgers",
        Column("ledger_id", Text, primary_key=True),
        Column("details", Text, nullable=False),
        Column("hold_reason", Text),
        Column("held_at", BigInteger),
        Column("caught_up_at", BigInteger),
        Column("trouble", Text),
        Column("trouble_since", BigInteger),
    )
    op.create_table(
        "books",
        Column("book_id", Integer, primary_key=True),
        Column("ledger_id", Text, ForeignKey("ledgers.ledger_id"), nullable=False),
        Column("book", Text, nullable=False),
        Column("current", Boolean, nullable=False),
        Column("by_payout", Boolean, nullable=False),
        Column("cursor", Text),
        Column("size", BigInteger, nullable=False),
        Column("balance", BigInteger, nullable=False),
        Column("opening", BigInteger),
        Column("latest_time", BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("one_current_book", "books", ["ledger_id", "book"], unique=True, **_where(IS_CURRENT))
    op.create_table(
        "entries",
        Column("book_id", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("psp_reference", Text, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("time", BigInteger, nullable=False),
        Column("ledger_date", Text, nullable=False),
        Column("entry_type", Text, nullable=False),
        Column("reference", Text),
        Column("amount", BigInteger, nullable=False),
        Column("balance_before", BigInteger, nullable=False),
        Column("handle", Text),
        Column("extra", Text),
        PrimaryKeyConstraint("book_id", "position"),
        sqlite_with_rowid=False,
    )
    op.create_index("entries_by_time", "entries", ["book_id", "time"])
    op.create_table(
        "marks",
        Column("book_id", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("entry_type", Text, nullable=False),
        PrimaryKeyConstraint("book_id", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "payouts",
        Column("ledger_id", Text, ForeignKey("ledgers.ledger_id"), nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("reason", Text),
        Column("ledger_date", Text, nullable=False),
        Column("date_from", Text, nullable=False),
        Column("time", BigInteger, nullable=False),
        Column("amount", BigInteger, nullable=False),
        Column("balance_before", BigInteger, nullable=False),
        Column("balance_after", BigInteger, nullable=False),
        Column("first_position", BigInteger, nullable=False),
        Column("last_position", BigInteger, nullable=False),
        Column("psp_reference", Text, nullable=False),
        Column("settlement_type", Text, nullable=False),
        Column("type_decided", Boolean, nullable=False),
        Column("warnings", Text),
        Column("fees_position", BigInteger, nullable=False),
        Column("book_id", Integer, nullable=False),
        PrimaryKeyConstraint("ledger_id", "number"),
    )
    op.create_index("payouts_by_position", "payouts", ["ledger_id", "last_position"])
    op.create_table(
        "settlements",
        Column("settlement_id", Integer, primary_key=True),
        Column("ledger_id", Text, nullable=False),
        Column("payout", BigInteger, nullable=False),
        Column("msn", Text, nullable=False),
        Column("details", Text, nullable=False),
        Column("settlement_date", Text, nullable=False),
        Column("due", Boolean, nullable=False),
        UniqueConstraint("ledger_id", "payout", "msn"),
        sqlite_autoincrement=True,
    )
    op.create_index("settlements_by_msn", "settlements", ["msn", "payout"])
    op.create_index("settlements_due", "settlements", ["ledger_id"], **_where(IS_DUE))
    op.create_table(
        "transactions",
        Column("settlement_id", Integer, nullable=False),
        Column("row", BigInteger, nullable=False),
        Column("time", BigInteger, nullable=False),
        Column("capture", BigInteger, nullable=False),
        Column("refund", BigInteger, nullable=False),
        Column("fee", BigInteger, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("order_id", Text, nullable=False),
        Column("mapped_from", Text),
        PrimaryKeyConstraint("settlement_id", "row"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "transaction_index",
        Column("ledger_id", Text, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("settlement_id", Integer, nullable=False),
        Column("row", BigInteger, nullable=False),
        PrimaryKeyConstraint("ledger_id", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "deliveries",
        Column("destination", Text, nullable=False),
        Column("settlement_id", Integer, ForeignKey("settlements.settlement_id"), nullable=False),
        Column("extension", Text, nullable=False),
        Column("path", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("sha256", Text),
        Column("size", BigInteger),
        Column("reason", Text),
        Column("updated_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("destination", "settlement_id", "extension"),
    )
    op.create_index("one_delivery_a_path", "deliveries", ["destination", "path"], unique=True, **_where(TAKES_PATH))
    op.create_index("deliveries_of_settlement", "deliveries", ["settlement_id"])
    op.create_table(
        "leases",
        Column("name", Text, primary_key=True),
        Column("holder", Text, nullable=False),
        Column("token", BigInteger, nullable=False),
        Column("since", BigInteger, nullable=False),
        Column("expires", BigInteger, nullable=False),
    )
    op.create_table(
        "runs",
        Column("run_id", Integer, primary_key=True),
        Column("started", BigInteger, nullable=False),
        Column("finished", BigInteger),
        Column("exit_code", Integer),
        Column("summary", Text),
        sqlite_autoincrement=True,
    )
    op.create_table("notes", Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
    if op.get_bind().dialect.name == "sqlite":
        _say_that_books_are_large()


def _say_that_books_are_large() -> None:
    # Without statistics SQLite takes ten entries a book for granted, and reads a whole one rather than use an index.
    op.execute("ANALYZE")
    for index, rows_for_a_key in (("entries", "1000000 100000 1"), ("entries_by_time", "1000000 100000 2")):
        op.execute(f"INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('entries', '{index}', '{rows_for_a_key}')")  # noqa: S608
    op.execute("ANALYZE sqlite_schema")
