"""Looks over the shoulder of a sync: compares what was published with what the sandbox's books hold.

Nothing here uses what the sync computed on the way, but the payouts themselves.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

import settlement_bridge
from settlement_bridge.model import Book, Payout
from settlement_bridge.sandbox import World

_SCHEMA = "schemas/SettlementReport-3.0.xsd"
_SUMS = {"Net": "TransactionNetAmount", "Gross": "TransactionGrossAmount"}


@dataclass(frozen=True)
class CheckedPayout:
    """A payout with its files and what was found to be true."""

    payout: Payout
    files: int
    rows: int
    entries_agree: bool
    """The entries that the sandbox holds for it add up to what was paid out and what stayed behind."""
    rows_agree: bool
    """The files' rows add up to the same entries, and their SettledAmounts to what was paid out."""
    valid: bool
    """Every file is valid against the schema."""

    @property
    def right(self) -> bool:
        """Whether everything is as it should be."""
        return bool(self.files and self.entries_agree and self.rows_agree and self.valid)


@dataclass(frozen=True)
class _File:
    rows: int
    rows_sum: int
    settled: int
    valid: bool


def checked(payout: Payout, files: Iterable[Path], world: World, dialect: str) -> CheckedPayout:
    """Check one payout against the files published for it and the books it was made of."""
    read = [_read(path) for path in files]
    # With a rolling reserve a part stays behind; in v1 a payout always starts and ends at zero.
    entries_sum = payout.amount + payout.balance_after - payout.balance_before
    return CheckedPayout(
        payout,
        files=len(read),
        rows=sum(file.rows for file in read),
        entries_agree=entries_sum == sum(_entries(payout, world, dialect)),
        rows_agree=entries_sum == sum(file.rows_sum for file in read)
        and payout.amount == sum(file.settled for file in read),
        valid=all(file.valid for file in read),
    )


def _entries(payout: Payout, world: World, dialect: str) -> Iterator[int]:
    """Yield the amounts of everything the sandbox has in the payout, as its dialect tells them."""
    books = world.find(payout.ledger_id)
    if books is None:
        return
    if dialect == "v1":
        rows = _parsed(books.transactions.json(*books.transactions.payout(payout.number)))
        yield from (int(row["ledgerAmount"]) for row in rows if row["transactionType"] != "payout")
    else:
        rows = _parsed(books.book(Book.FUNDS).json(payout.first_position - 1, payout.last_position - 1))
        yield from (int(row["amount"]) for row in rows)


def _parsed(rows: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    return map(json.loads, rows)


def _read(path: Path) -> _File:
    """Read a file as an importer would."""
    root = etree.parse(str(path)).getroot()
    kind = _texts(root, "SettlementType")[0]
    amounts = _texts(root, _SUMS[kind])
    return _File(
        rows=len(amounts),
        rows_sum=sum(map(_minor_units, amounts)),
        settled=sum(map(_minor_units, _texts(root, "SettledAmount"))),
        valid=_schema().validate(root),
    )


def _texts(root: "etree._Element", name: str) -> list[str]:
    return [element.text or "" for element in root.iter(f"{{*}}{name}")]


def _minor_units(decimal: str) -> int:
    return int(decimal.replace(".", ""))


@cache
def _schema() -> "etree.XMLSchema":
    """Compile the schema for whole documents, as any importer would; the sync validates them in pieces."""
    package = Path(settlement_bridge.__file__).parent
    inside = package / _SCHEMA
    return etree.XMLSchema(file=str(inside if inside.is_file() else package.parent / _SCHEMA))
