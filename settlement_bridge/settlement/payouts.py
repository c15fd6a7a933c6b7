"""Where a payout begins and ends, and what its number is (rules 1 to 4)."""

import re
from datetime import timedelta

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import LedgerEntry, Mark, Payout

_NUMBERED = re.compile(r"(?:(?P<prefix>.*)-)?(?P<number>[0-9]{1,18})")
_SEVEN_DIGITS = re.compile(r"(?<![0-9])[0-9]{7}(?![0-9])")
_PAYOUT_DIGITS = 7


def payout_number(ledger_id: str, entry: LedgerEntry) -> int:
    """Return the number of a payout entry (rule 2).

    Raises DataRefused where the reference names another ledger, or no number can be found at all.
    """
    found = _NUMBERED.fullmatch(entry.psp_reference)
    if found:
        prefix, number = found["prefix"], found["number"]
        if prefix == ledger_id or (len(number) == _PAYOUT_DIGITS and not (prefix or "").isdecimal()):
            return int(number)
        if prefix and prefix.isdecimal():
            raise DataRefused(
                ledger_id, f"the payout entry {entry.psp_reference} of {entry.ledger_date} names ledger {prefix}"
            )
    in_text = _SEVEN_DIGITS.search(entry.reference or "")
    if in_text:
        return int(in_text[0])
    raise DataRefused(
        ledger_id,
        f"the payout entry {entry.psp_reference} of {entry.ledger_date} carries no payout number, "
        f"nor does its reference {entry.reference!r}",
    )


def close_payout(ledger_id: str, mark: Mark, first: LedgerEntry, previous: Payout | None) -> Payout:
    """Return the payout that a payout entry ends (rules 1 and 3).

    `first` is the entry right after the payout before, or the book's first; it may be the payout entry itself.
    Raises DataRefused where the number was already given to the payout before it.
    """
    number, ledger_date = payout_number(ledger_id, mark.entry), mark.entry.ledger_date
    if previous and number <= previous.number:
        raise DataRefused(
            ledger_id,
            f"payout {number} of {ledger_date} comes after payout {previous.number} "
            f"of {previous.ledger_date}; numbers must rise",
        )
    return Payout(
        ledger_id=ledger_id,
        number=number,
        ledger_date=ledger_date,
        # Of two payouts on one date, the second must not begin behind its own end.
        date_from=min(previous.ledger_date + timedelta(days=1), ledger_date) if previous else first.ledger_date,
        time=mark.entry.time,
        amount=-mark.entry.amount,
        balance_before=first.balance_before,
        balance_after=mark.entry.balance_after,
        first_position=previous.last_position + 1 if previous else 1,
        last_position=mark.position,
        psp_reference=mark.entry.psp_reference,
    )


def numbers_missing(previous: Payout | None, payout: Payout) -> range:
    """Return the payout numbers that should lie between two payouts and do not (rules 2 and 22)."""
    return range(previous.number + 1, payout.number) if previous else range(0)
