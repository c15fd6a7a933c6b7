"""Instants as the settlement files write them: local time with offset, cut to milliseconds (rule 17)."""

from collections.abc import Callable
from datetime import UTC, date, timedelta, timezone, tzinfo
from functools import lru_cache

from settlement_bridge.instants import from_micros

_MINUTE = timedelta(minutes=1)
_MICROS_A_MINUTE = 60_000_000
_SECONDS = tuple(f":{second:02}" for second in range(60))
_FRACTIONS = tuple(f".{millisecond:03}".rstrip("0").rstrip(".") for millisecond in range(1000))
_MINUTES_REMEMBERED = 4096


def local_time_writer(zone: tzinfo) -> Callable[[int], str]:
    """Return a function from an instant to its text in `zone`, such as `2018-01-22T12:52:54.097+01:00`.

    Milliseconds are cut, trailing zeros are dropped, and so is an empty fraction. Offsets are whole minutes, as
    `xs:dateTime` wants them; should the zone's offset have seconds (before 1973), the text is of the nearest whole
    minute before it, and names the same instant.

    Asking the zone for every row would be the slowest part of a large file. Rows follow one another in time, so
    what is asked is remembered by UTC minute: no offset is finer than that, and no clock has changed within one
    since 1973.
    """

    @lru_cache(maxsize=_MINUTES_REMEMBERED)
    def minute_and_offset(minutes: int) -> tuple[str, str]:
        utc = from_micros(minutes * _MICROS_A_MINUTE)
        offset = utc.astimezone(zone).replace(tzinfo=UTC) - utc
        text = utc.astimezone(timezone(offset // _MINUTE * _MINUTE)).isoformat()
        return text[:16], text[19:]

    def write(instant: int) -> str:
        minutes, micros = divmod(instant, _MICROS_A_MINUTE)
        minute, offset = minute_and_offset(minutes)
        milliseconds = micros // 1000
        return f"{minute}{_SECONDS[milliseconds // 1000]}{_FRACTIONS[milliseconds % 1000]}{offset}"

    return write


def day_text(day: date) -> str:
    """Return `22.09.2018`, as spreadsheets and CSV have dates."""
    return f"{day.day:02}.{day.month:02}.{day.year:04}"


def local_day_writer(zone: tzinfo) -> Callable[[int], str]:
    """Return a function from an instant to the `day_text` it has in `zone`."""
    local_time = local_time_writer(zone)

    def write(instant: int) -> str:
        text = local_time(instant)
        return f"{text[8:10]}.{text[5:7]}.{text[:4]}"

    return write
