"""Instants: microseconds since 1970 UTC, as the database keeps them and as values that come by the million carry them.

Like amounts in minor units they are exact, and a row on its way from the database into a file need not be a datetime
in between: making one costs as much as writing its text.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_micros(time: datetime) -> int:
    """Return the microseconds since 1970 UTC of an aware datetime, whatever its zone."""
    return (time - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC datetime of microseconds since 1970."""
    return _EPOCH + timedelta(0, micros // 1_000_000, micros % 1_000_000)
