"""When the daemon runs: hourly, by a cron expression, at times of day."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from settlement_bridge.config.section import Section
from settlement_bridge.config.values import Seconds, TimeZone, expected, filled, matching

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""Weekdays by their number in a cron expression, where 7 is Sunday once more."""
FIELDS = ("minute", "hour", "day", "month", "day_of_week")

_CRON = 'a cron expression of five fields, such as "37 * * * *"; weekdays are mon to sun, or 0 to 7 from Sunday on'


TimeOfDay = Annotated[str, AfterValidator(matching("([01][0-9]|2[0-3]):[0-5][0-9]", 'times such as "07:37"'))]


def cron_fields(expression: str) -> Iterator[dict[str, str]]:
    """Yield the fields, by their names in FIELDS, of each rule that a cron expression stands for.

    There are two where it limits both days of the month and weekdays: cron runs on either. Raises ValueError.
    """
    values = expression.lower().split()
    if len(values) != len(FIELDS):
        raise ValueError(expression)
    fields = dict(zip(FIELDS, values, strict=True))
    on_either = not any(fields[name].startswith("*") for name in ("day", "day_of_week"))
    fields["day_of_week"] = _weekdays(fields["day_of_week"])
    if on_either:
        yield fields | {"day_of_week": "*"}
        yield fields | {"day": "*"}
    else:
        yield fields


def _weekdays(text: str) -> str:
    """Return weekdays by name: their numbers mean other days to APScheduler than to cron."""
    if text == "*":
        return text
    return ",".join(DAYS[number % 7] for part in text.split(",") for number in _numbers(part))


def _numbers(part: str) -> range:
    days, _, step = part.partition("/")
    first, hyphen, last = days.partition("-")
    if days == "*":
        first, hyphen, last = "0", "-", "6"
    found = range(_number(first), _number(last if hyphen else first) + 1, int(step or 1))
    if not found:
        raise ValueError(part)
    return found


def _number(day: str) -> int:
    number = DAYS.index(day) if day in DAYS else int(day)
    if not 0 <= number <= 7:
        raise ValueError(day)
    return number


def _cron(value: str) -> str:
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 (takes long to load)

    try:
        rules = [CronTrigger(**fields, timezone=UTC) for fields in cron_fields(value)]
    except ValueError:
        raise expected(_CRON) from None
    if not all(rule.get_next_fire_time(None, datetime.now(UTC)) for rule in rules):
        raise expected("a cron expression whose day comes")
    return value


class Schedule(Section):
    """When the daemon runs."""

    cron: Annotated[str, AfterValidator(_cron)] | None = Field(
        default=None,
        description="Run when this cron expression says (minute, hour, day, month, weekday). Without cron and times, "
        "every hour: at a minute from 11 to 59 that is drawn once and kept, since the provider asks not to be called "
        "in the first ten minutes of an hour, nor by everybody at once.",
        examples=["37 6-22 * * mon-fri"],
    )
    times: Annotated[tuple[TimeOfDay, ...], AfterValidator(filled)] | None = Field(
        default=None,
        description="Run at these times of day; where cron is given too, at both.",
        examples=[["07:37", "13:37"]],
    )
    time_zone: TimeZone = Field(
        default=ZoneInfo("Europe/Oslo"),
        description="Time zone of cron and times (tz database).",
        examples=["Europe/Oslo"],
    )
    retry: Seconds = Field(
        default=900.0,
        description="Seconds until ledgers that could not be read, files that could not be delivered and payouts that "
        "wait for their fees are looked at again, between the runs.",
    )
