"""Every table of the store.

A change here needs a numbered migration beside it; a test compares what the migrations make with what stands here.
Times are microseconds since 1970 UTC, dates ISO text, amounts minor units.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()


TAKES_PATH: Final = text("state IN ('publishing', 'delivered')")
"""Condition for the deliveries that own their path at the destination."""

IS_CURRENT: Final = text("current")
"""Condition for the books in use."""

IS_DUE: Final = text("due")
"""Condition for the settlements that some destination may not have yet: a few among very many."""

ledgers = Table(
    "ledgers",
    metadata,
    Column("ledger_id", Text, primary_key=True),
    Column("details", Text, nullable=False),  # model.Ledger as JSON
    Column("hold_reason", Text),
    Column("held_at", BigInteger),
    Column("caught_up_at", BigInteger),  # when both books had first been read to their end
    Column("trouble", Text),  # why it could not be read to its end, since when
    Column("trouble_since", BigInteger),
)

books = Table(
    "books",
    metadata,
    Column("book_id", Integer, primary_key=True),
    Column("ledger_id", Text, ForeignKey("ledgers.ledger_id"), nullable=False),
    Column("book", Text, nullable=False),
    Column("current", Boolean, nullable=False),  # false: being read anew, or replaced and to be deleted
    Column("by_payout", Boolean, nullable=False),
    Column("cursor", Text),
    Column("size", BigInteger, nullable=False),  # entries held; the last one's position
    Column("balance", BigInteger, nullable=False),  # behind the last entry
    Column("opening", BigInteger),  # before the first entry
    Column("latest_time", BigInteger),
    sqlite_autoincrement=True,  # the id of a deleted book must never come back
)
Index(
    "one_current_book",
    books.c.ledger_id,
    books.c.book,
    unique=True,
    sqlite_where=IS_CURRENT,
    postgresql_where=IS_CURRENT,
)

# No index on references: random keys make ingest seven times slower. No foreign key either: a look-up for every
# one of a million rows, where one transaction writes book and entries anyway.
entries = Table(
    "entries",
    metadata,
    Column("book_id", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),  # from 1, without gaps
    Column("psp_reference", Text, nullable=False),
    Column("number", BigInteger, nullable=False),  # transaction_number(psp_reference)
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

# When the entries of each page happened: where to look for an instant. Entries come nearly in order, so that a row a
# page finds what an index on every entry would, for a thousandth of the writing.
stretches = Table(
    "stretches",
    metadata,
    Column("book_id", Integer, nullable=False),
    Column("first_position", BigInteger, nullable=False),
    Column("last_position", BigInteger, nullable=False),
    Column("earliest", BigInteger, nullable=False),
    Column("latest", BigInteger, nullable=False),
    PrimaryKeyConstraint("book_id", "first_position"),
    sqlite_with_rowid=False,
)

# The entries of MARK_TYPES once more: where they are. A partial index on entries would cost every entry its condition.
marks = Table(
    "marks",
    metadata,
    Column("book_id", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("entry_type", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "position"),
    sqlite_with_rowid=False,
)

payouts = Table(
    "payouts",
    metadata,
    Column("ledger_id", Text, ForeignKey("ledgers.ledger_id"), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # waiting, withheld, settled
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
    Column("fees_position", BigInteger, nullable=False),  # last fees entry collected by this payout or one before
    Column("book_id", Integer, nullable=False),  # the funds book that the positions belong to
    PrimaryKeyConstraint("ledger_id", "number"),
)
Index("payouts_by_position", payouts.c.ledger_id, payouts.c.last_position)

settlements = Table(
    "settlements",
    metadata,
    Column("settlement_id", Integer, primary_key=True),
    Column("ledger_id", Text, nullable=False),
    Column("payout", BigInteger, nullable=False),
    Column("msn", Text, nullable=False),
    Column("details", Text, nullable=False),  # model.Settlement as JSON, as it was when the payout closed
    Column("settlement_date", Text, nullable=False),
    Column("due", Boolean, nullable=False),  # some destination may not have it yet
    UniqueConstraint("ledger_id", "payout", "msn"),
    sqlite_autoincrement=True,
)
Index("settlements_by_msn", settlements.c.msn, settlements.c.payout)
Index("settlements_due", settlements.c.ledger_id, sqlite_where=IS_DUE, postgresql_where=IS_DUE)

transactions = Table(
    "transactions",
    metadata,
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

# An id is never used twice on a ledger (rule 16).
transaction_index = Table(
    "transaction_index",
    metadata,
    Column("ledger_id", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("settlement_id", Integer, nullable=False),
    Column("row", BigInteger, nullable=False),
    PrimaryKeyConstraint("ledger_id", "number"),
    sqlite_with_rowid=False,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("destination", Text, nullable=False),
    Column("settlement_id", Integer, ForeignKey("settlements.settlement_id"), nullable=False),
    Column("extension", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("state", Text, nullable=False),  # publishing, delivered, refused, failed
    Column("sha256", Text),
    Column("size", BigInteger),
    Column("reason", Text),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("destination", "settlement_id", "extension"),
)
Index(
    "one_delivery_a_path",
    deliveries.c.destination,
    deliveries.c.path,
    unique=True,
    sqlite_where=TAKES_PATH,
    postgresql_where=TAKES_PATH,
)
Index("deliveries_of_settlement", deliveries.c.settlement_id)

# What the SFTP server serves: every file rendered once, and never changed after it is published.
documents = Table(
    "documents",
    metadata,
    Column("document_id", Integer, primary_key=True),
    Column("extension", Text, nullable=False),
    Column("organization_number", Text, nullable=False),
    Column("msn", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("published", Boolean, nullable=False),  # false: a draft, which nobody sees
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("published_at", BigInteger, nullable=False),  # of a draft: when it was written
    # At most one draft and one document a path.
    UniqueConstraint("extension", "organization_number", "msn", "name", "published"),
    sqlite_autoincrement=True,  # the id of a deleted draft must never come back: somebody may have archived it
)

document_chunks = Table(
    "document_chunks",
    metadata,
    Column("document_id", Integer, ForeignKey("documents.document_id"), nullable=False),
    Column("number", Integer, nullable=False),  # from 0; all but the last are of the same size
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("document_id", "number"),
)

# A document is in a user's archive if it has a row here, else in the inbox: so in exactly one of the two.
archived_documents = Table(
    "archived_documents",
    metadata,
    Column("user_name", Text, nullable=False),
    Column("document_id", Integer, ForeignKey("documents.document_id"), nullable=False),
    Column("archived_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("user_name", "document_id"),
    sqlite_with_rowid=False,
)

# Personal data, apart from everything else, so that it can be purged.
payers = Table(
    "payers",
    metadata,
    Column("ledger_id", Text, nullable=False),
    Column("psp_reference", Text, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("message", Text, nullable=False),
    PrimaryKeyConstraint("ledger_id", "psp_reference"),
)
Index("payers_by_time", payers.c.time)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("token", BigInteger, nullable=False),  # counts up for ever: the fence
    Column("since", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
)

# What public registers said, so that they are asked once in a long while (rule 14).
organizations = Table(
    "organizations",
    metadata,
    Column("scheme", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("details", Text),  # model.Organization as JSON; none where the register knows no such organization
    Column("asked_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("scheme", "number"),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Integer, primary_key=True),
    Column("started", BigInteger, nullable=False),
    Column("finished", BigInteger),
    Column("exit_code", Integer),
    Column("summary", Text),  # JSON
    sqlite_autoincrement=True,
)

notes = Table(
    "notes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# What somebody has been told of, or is to be: an alarm is given once.
alarms = Table(
    "alarms",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sentence", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("told", Boolean, nullable=False),
)
