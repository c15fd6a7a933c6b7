"""Names and messages of payers, for as long as they are kept."""

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make a place for personal data, apart from everything else."""
    op.create_table(
        "payers",
        Column("ledger_id", Text, nullable=False),
        Column("psp_reference", Text, nullable=False),
        Column("time", BigInteger, nullable=False),
        Column("name", Text, nullable=False),
        Column("message", Text, nullable=False),
        PrimaryKeyConstraint("ledger_id", "psp_reference"),
    )
    op.create_index("payers_by_time", "payers", ["time"])
