"""Looks over the shoulder of a sync: compares what was published with what the sandbox's books hold.

Nothing here uses what the sync computed on the way, but the payouts themselves.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from settlement_bridge import formats
from settlement_bridge.errors import RenderingRefused
from settlement_bridge.model import Book, Payout
from settlement_bridge.sandbox import World

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
    """In every file the rows add up to its SettledAmount, and these to what was paid out."""
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
    return CheckedPayout(
        payout,
        files=len(read),
        rows=sum(file.rows for file in read),
        entries_agree=_entries_agree(payout, world, dialect),
        rows_agree=all(file.rows_sum == file.settled for file in read)
        and sum(file.settled for file in read) == payout.amount,
        valid=all(file.valid for file in read),
    )


def _entries_agree(payout: Payout, world: World, dialect: str) -> bool:
    books = world.find(payout.ledger_id)
    if books is None:
        return False
    if dialect == "v1":
        rows = _parsed(books.transactions.json(*books.transactions.payout(payout.number)))
        return payout.amount == sum(int(row["ledgerAmount"]) for row in rows if row["transactionType"] != "payout")
    rows = _parsed(books.book(Book.FUNDS).json(payout.first_position - 1, payout.last_position - 1))
    stayed_behind = payout.balance_after - payout.balance_before
    return payout.amount + stayed_behind == sum(int(row["amount"]) for row in rows)


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
        valid=_valid(path),
    )


def _texts(root: "etree._Element", name: str) -> list[str]:
    return [element.text or "" for element in root.iter(f"{{*}}{name}")]


def _minor_units(decimal: str) -> int:
    return int(decimal.replace(".", ""))


def _valid(path: Path) -> bool:
    try:
        formats.get("xml").check(path)
    except RenderingRefused:
        return False
    return True
