"""What a comparison finds, as frozen values."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from settlement_bridge.model import FiledKey

Value = int | str | date | datetime | None
"""What a file says in one place; amounts are minor units, None means that it says nothing."""


class Grade(StrEnum):
    """What kind of thing differs, the gravest first."""

    SUMS = "sums"
    ROWS = "rows"
    FACTS = "facts"
    """Date, type, currency, account, organization number."""
    TEXTS = "texts"
    """Names and addresses, which the Report API does not know: no money is wrong."""


class Verdict(StrEnum):
    """How two files stand to one another about one settlement."""

    IDENTICAL = "identical"
    TEXTS = "texts differ"
    DIFFERENT = "different"
    NOT_COMPARED = "not compared"


class RowName(NamedTuple):
    """How a person finds a row again."""

    transaction_id: str
    order_id: str
    line: int | None
    """In the old file; None for a row that is not in it."""


@dataclass(frozen=True)
class Difference:
    """One field of which two files say different things."""

    grade: Grade
    field: str
    """In an accountant's words."""
    old: Value
    new: Value
    is_amount: bool = False
    row: RowName | None = None
    """None where it is about the settlement as a whole."""


@dataclass(frozen=True)
class SettlementDifferences:
    """Everything that differs about one settlement, the gravest first."""

    key: FiledKey
    rows: int = 0
    """How many transactions were compared."""
    differences: tuple[Difference, ...] = ()
    rows_untold: int = 0
    """Rows that differ, too, but were left out of `differences` because there are so many."""
    obstacle: str | None = None
    """Why nothing could be compared."""

    @property
    def verdict(self) -> Verdict:
        """The gravest of what was found."""
        if self.obstacle:
            return Verdict.NOT_COMPARED
        if self.rows_untold or any(each.grade is not Grade.TEXTS for each in self.differences):
            return Verdict.DIFFERENT
        return Verdict.TEXTS if self.differences else Verdict.IDENTICAL
