"""What the SFTP server serves, and what of it each user has taken."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of documents and archives."""
    op.create_table(
        "documents",
        Column("document_id", Integer, primary_key=True),
        Column("extension", Text, nullable=False),
        Column("organization_number", Text, nullable=False),
        Column("msn", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("published", Boolean, nullable=False),
        Column("sha256", Text, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("published_at", BigInteger, nullable=False),
        UniqueConstraint("extension", "organization_number", "msn", "name", "published"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "document_chunks",
        Column("document_id", Integer, ForeignKey("documents.document_id"), nullable=False),
        Column("number", Integer, nullable=False),
        Column("content", LargeBinary, nullable=False),
        PrimaryKeyConstraint("document_id", "number"),
    )
    op.create_table(
        "archived_documents",
        Column("user_name", Text, nullable=False),
        Column("document_id", Integer, ForeignKey("documents.document_id"), nullable=False),
        Column("archived_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("user_name", "document_id"),
        sqlite_with_rowid=False,
    )
