"""Instants as the settlement files write them: local time with offset, cut to milliseconds (rule 17)."""

from collections.abc import Callable
from datetime import UTC, date, timedelta, timezone, tzinfo
from functools import lru_cache

from settlement_bridge.instants import from_micros

_MINUTE = timedelta(minutes=1)
_MICROS_AN_HOUR = 3_600_000_000
_MICROS_A_MINUTE = 60_000_000
_CLOCK = tuple(f":{second // 60:02}:{second % 60:02}" for second in range(3600))
_FRACTIONS = tuple(f".{millisecond:03}".rstrip("0").rstrip(".") for millisecond in range(1000))
_REMEMBERED = 4096


def local_time_writer(zone: tzinfo) -> Callable[[int], str]:
    """Return a function from an instant to its text in `zone`, such as `2018-01-22T12:52:54.097+01:00`.

    Milliseconds are cut, trailing zeros are dropped, and so is an empty fraction. Offsets are whole minutes, as
    `xs:dateTime` wants them; should the zone's offset have seconds (before 1973), the text is of the nearest whole
    minute before it, and names the same instant.

    Asking the zone for every row would be the slowest part of a file, so what it says is remembered: the offset by
    UTC day, on days on which the clock changes by hour, and within such an hour by minute, since no offset is finer
    than that and no clock has changed within one since 1973; texts by hour where local time is whole hours away.
    """

    def offset_at(minutes: int) -> timezone:
        utc = from_micros(minutes * _MICROS_A_MINUTE)
        offset = utc.astimezone(zone).replace(tzinfo=UTC) - utc
        return timezone(offset // _MINUTE * _MINUTE)

    def offset_between(first_minute: int, last_minute: int) -> timezone | None:
        offset = offset_at(first_minute)
        return offset if offset == offset_at(last_minute) else None

    @lru_cache(maxsize=_REMEMBERED)
    def offset_of_day(days: int) -> timezone | None:
        return offset_between(days * 1440, days * 1440 + 1439)

    @lru_cache(maxsize=_REMEMBERED)
    def hour_and_offset(hours: int) -> tuple[str, str] | None:
        offset = offset_of_day(hours // 24) or offset_between(hours * 60, hours * 60 + 59)
        first = offset and from_micros(hours * _MICROS_AN_HOUR).astimezone(offset)
        if first is None or first.minute:
            return None
        text = first.isoformat()
        return text[:13], text[19:]

    @lru_cache(maxsize=_REMEMBERED)
    def minute_and_offset(minutes: int) -> tuple[str, str]:
        text = from_micros(minutes * _MICROS_A_MINUTE).astimezone(offset_at(minutes)).isoformat()
        return text[:16], text[19:]

    def write(instant: int) -> str:
        hours, micros = divmod(instant, _MICROS_AN_HOUR)
        seconds, milliseconds = divmod(micros // 1000, 1000)
        found = hour_and_offset(hours)
        if found is None:
            minute, offset = minute_and_offset(instant // _MICROS_A_MINUTE)
            return f"{minute}{_CLOCK[seconds % 60][3:]}{_FRACTIONS[milliseconds]}{offset}"
        hour, offset = found
        return f"{hour}{_CLOCK[seconds]}{_FRACTIONS[milliseconds]}{offset}"

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
