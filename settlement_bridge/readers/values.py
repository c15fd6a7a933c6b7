"""Cells and elements to values; NotRead says which text is none, and where."""

import re
from datetime import date, datetime
from decimal import Decimal

_AMOUNT = re.compile(r"[+-]?[0-9]{1,17}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?")
_DAY = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_FLOAT_DUST = Decimal("0.0001")
"""A spreadsheet that was saved again may hold 49.250000000000001."""
_LARGEST = 10**17


class NotRead(ValueError):
    """Something in a file is not what it should be; the sentence names it."""


def amount(text: str, field: str) -> int:
    """Return minor units: `-7.5` is -750. Raises NotRead for what is no amount of at most two decimals."""
    if _AMOUNT.fullmatch(text.strip()):
        exact = Decimal(text.strip()) * 100
        if abs(exact) < _LARGEST and abs(exact - round(exact)) <= _FLOAT_DUST:
            return round(exact)
    raise NotRead(f"{field} is {shown(text)}, which is no amount with two decimals")


def integer(text: str, field: str) -> int:
    """Return a whole number such as a count or a payout's number."""
    if not _INTEGER.fullmatch(text.strip()):
        raise NotRead(f"{field} is {shown(text)}, which is no whole number")
    return int(text)


def day(text: str, field: str) -> date:
    """Return the day of `22.09.2018`, of `2018-09-22`, or of a time such as `2018-09-22T00:00:00+02:00`."""
    text = text.strip()
    norwegian = _DAY.fullmatch(text)
    try:
        if norwegian:
            return date(*map(int, reversed(norwegian.groups())))
        return date.fromisoformat(text) if len(text) == len("2018-09-22") else datetime.fromisoformat(text).date()
    except ValueError as error:
        raise NotRead(f"{field} is {shown(text)}, which is no date") from error


def instant(text: str, field: str) -> datetime:
    """Return an aware time such as `2018-01-22T12:52:54.097+01:00`."""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise NotRead(f"{field} is {shown(text)}, which is no time") from error
    if time.tzinfo is None:
        raise NotRead(f"{field} is {shown(text)}, a time without its offset from UTC")
    return time


def shown(text: str) -> str:
    """Return a text from a file as a sentence can hold it."""
    return repr(text if len(text) <= 40 else text[:40] + "…")
