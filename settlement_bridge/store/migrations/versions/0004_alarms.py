"""What somebody has been told of."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make a place for alarms."""
    op.create_table(
        "alarms",
        Column("name", Text, primary_key=True),
        Column("sentence", Text, nullable=False),
        Column("since", BigInteger, nullable=False),
        Column("told", Boolean, nullable=False),
    )
