"""TransactionIDs that are never used twice on a ledger (rule 16)."""

from collections.abc import Callable, Container

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Payout
from settlement_bridge.transaction_ids import FIRST_MAPPED, is_own_number, transaction_number

Numbered = tuple[int, str | None]
"""A TransactionID, and the text behind it where it is not the provider's own number."""


class TransactionIds:
    """Gives every row of one payout its TransactionID.

    `behind` tells which text stands behind a number that an earlier payout of the ledger has used, None if none
    has. `shared` holds the numbers that need a second look: used by an earlier payout, or by more than one row of
    this one. All others are given out without asking; `is_row` tells whether a row of this payout may have a mapped
    number so, and is asked only of further numbers. `by_payout` says that the API promises every id only once.
    """

    def __init__(
        self,
        payout: Payout,
        behind: Callable[[int], str | None],
        shared: Container[int],
        is_row: Callable[[int], bool],
        by_payout: bool = False,
        number_of: Callable[[str, int], int] = transaction_number,
    ) -> None:
        self._payout = payout
        self._behind = behind
        self._shared = shared
        self._is_row = is_row
        self._by_payout = by_payout
        self._number_of = number_of
        self._given: dict[int, str] = {}
        self._begun: set[str] = set()

    def of_row(self, psp_reference: str, number: int, entry_type: str) -> tuple[Numbered, bool]:
        """Return a row's id, and whether the row is the first on the ledger with this reference.

        Raises DataRefused where a reference comes again although the API promises every id only once (rule 2, v1).
        """
        if number not in self._shared:
            return _numbered(psp_reference, number), True
        holder = self._holder(number)
        if holder is None:
            self._given[number] = psp_reference
            self._begun.add(psp_reference)
            return _numbered(psp_reference, number), True
        if holder != psp_reference:
            first = self._free(psp_reference, attempt=1)
            if first:
                self._begun.add(psp_reference)
                return first, True
        return self._of_further_row(psp_reference, entry_type), False

    def begun_here(self, psp_reference: str) -> bool:
        """Tell whether a reference with further rows has its first row in this payout, too."""
        return psp_reference in self._begun

    def of_fee(self, psp_reference: str) -> Numbered:
        """Return the id of a fee's own row."""
        return self._derived(f"{psp_reference}:fee:{self._payout.number}")

    def of_balance(self) -> Numbered:
        """Return the id of the one row of a payout without any."""
        return self._derived(f"{self._payout.psp_reference}:balance")

    def _of_further_row(self, psp_reference: str, entry_type: str) -> Numbered:
        if self._by_payout:
            raise DataRefused(
                self._payout.ledger_id,
                f"transaction {psp_reference} of payout {self._payout.number} was already given, "
                "there or under another payout",
            )
        count = 1
        while True:
            found = self._free(f"{psp_reference}:{entry_type}:{count}")
            if found:
                return found
            count += 1

    def _derived(self, text: str) -> Numbered:
        found = self._free(text)
        if not found:
            raise DataRefused(self._payout.ledger_id, f"the id {text} would be given twice")
        return found

    def _free(self, text: str, attempt: int = 0) -> Numbered | None:
        """Take the first number of a text that no other text has; None when the text itself has one already."""
        while True:
            number = self._number_of(text, attempt)
            holder = self._holder(number)
            if holder is None and not self._is_row(number):
                self._given[number] = text
                return number, text
            if holder == text:
                return None
            attempt += 1

    def _holder(self, number: int) -> str | None:
        return self._given.get(number) or self._behind(number)


def _numbered(text: str, number: int) -> Numbered:
    return number, None if number < FIRST_MAPPED or is_own_number(text) else text
