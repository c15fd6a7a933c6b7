"""When the entries of each page happened, in the place of an index on the time of every entry."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the stretches of the books there are, a thousand entries each, and drop the index."""
    op.create_table(
        "stretches",
        Column("book_id", Integer, nullable=False),
        Column("first_position", BigInteger, nullable=False),
        Column("last_position", BigInteger, nullable=False),
        Column("earliest", BigInteger, nullable=False),
        Column("latest", BigInteger, nullable=False),
        PrimaryKeyConstraint("book_id", "first_position"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO stretches (book_id, first_position, last_position, earliest, latest) "
        "SELECT book_id, min(position), max(position), min(time), max(time) "
        "FROM entries GROUP BY book_id, (position - 1) / 1000"
    )
    op.drop_index("entries_by_time", "entries")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DELETE FROM sqlite_stat1 WHERE idx = 'entries_by_time'")
