"""What public registers say of organizations."""

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make a place for the answers of registers."""
    op.create_table(
        "organizations",
        Column("scheme", Text, nullable=False),
        Column("number", Text, nullable=False),
        Column("details", Text),
        Column("asked_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("scheme", "number"),
    )
