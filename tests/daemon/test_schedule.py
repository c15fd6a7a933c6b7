"""When runs are due: cron's rules, times of day, and the nights when the clocks are changed."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.base import BaseTrigger
from freezegun import freeze_time

from settlement_bridge.bridge.upkeep import MINUTES, Upkeep
from settlement_bridge.config import Schedule, cron_fields
from settlement_bridge.daemon.schedule import retry_time, trigger
from settlement_bridge.store import open_store

OSLO = ZoneInfo("Europe/Oslo")
SPRING = datetime(2026, 3, 29, tzinfo=OSLO)
"""At two o'clock it is three."""
AUTUMN = datetime(2026, 10, 25, tzinfo=OSLO)
"""At three o'clock it is two."""


def due(schedule: Schedule, since: datetime, until: datetime, minute: int = 37) -> list[datetime]:
    """Return when a daemon that is awake runs, asking as APScheduler does."""
    rule: BaseTrigger = trigger(schedule, minute)
    found: list[datetime] = []
    with freeze_time(since) as clock:
        previous = None
        while (time := rule.get_next_fire_time(previous, datetime.now(UTC))) is not None and time < until:
            found.append(time)
            previous = time
            clock.move_to(time + timedelta(milliseconds=20))
    return found


def walls(times: list[datetime]) -> list[str]:
    return [f"{time.astimezone(OSLO):%d. %H:%M}" for time in times]


@pytest.mark.parametrize(("night", "hours"), [(SPRING, 23), (AUTUMN, 25)])
@pytest.mark.parametrize("cron", [None, "37 * * * *"])
def test_hourly_is_every_hour_there_is(night: datetime, hours: int, cron: str | None) -> None:
    times = due(Schedule(cron=cron), night, night + timedelta(days=1))
    assert len(times) == hours
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(hours=1)}


@pytest.mark.parametrize("night", [SPRING, AUTUMN])
def test_each_time_of_day_comes_once_every_day(night: datetime) -> None:
    schedule = Schedule(times=("01:37", "02:37", "03:37", "23:37"))
    for day in range(-2, 3):
        start = night + timedelta(days=day)
        times = due(schedule, start, start + timedelta(days=1))
        # In spring 02:37 is 03:37 by the clock that was put forward: one run serves both.
        assert len(times) == (3 if (night, day) == (SPRING, 0) else 4)
        assert len(set(times)) == len(times)
        assert {f"{start:%d. }{wall}" for wall in ("01:37", "03:37", "23:37")} <= set(walls(times))


def test_a_time_that_is_skipped_comes_an_hour_later() -> None:
    only = Schedule(times=("02:30",))
    assert walls(due(only, SPRING, SPRING + timedelta(days=2))) == ["29. 03:30", "30. 02:30"]


def test_a_time_that_comes_twice_counts_the_first_time() -> None:
    times = due(Schedule(cron="30 2 * * *"), AUTUMN, AUTUMN + timedelta(days=2))
    assert walls(times) == ["25. 02:30", "26. 02:30"]
    assert times[0] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_every_twenty_minutes_goes_on_through_the_night() -> None:
    for night in (SPRING, AUTUMN):
        times = due(Schedule(cron="*/20 * * * *"), night, night + timedelta(hours=5))
        assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(minutes=20)}


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("0 5 * * 1-5", ["Mon", "Tue", "Wed", "Thu", "Fri", "Mon"]),
        ("0 5 * * 0", ["Sun", "Sun"]),
        ("0 5 * * 7", ["Sun", "Sun"]),
        ("0 5 * * fri-7", ["Fri", "Sat", "Sun", "Fri"]),
        ("0 5 * * MON,3", ["Mon", "Wed", "Mon"]),
        ("0 5 * * */2", ["Tue", "Thu", "Sat", "Sun", "Tue"]),
    ],
)
def test_weekdays_are_those_of_cron(expression: str, days: list[str]) -> None:
    monday = datetime(2026, 11, 23, tzinfo=OSLO)
    times = due(Schedule(cron=expression), monday, monday + timedelta(days=16))
    assert [f"{time:%a}" for time in islice(times, len(days))] == days


def test_days_and_weekdays_are_either_or() -> None:
    assert len(list(cron_fields("0 5 1 * mon"))) == 2
    start = datetime(2026, 11, 23, tzinfo=OSLO)
    times = due(Schedule(cron="0 5 1 * mon"), start, start + timedelta(days=15))
    assert walls(times) == ["23. 05:00", "30. 05:00", "01. 05:00", "07. 05:00"]


def test_cron_and_times_together_are_both() -> None:
    day = datetime(2026, 11, 23, tzinfo=OSLO)
    schedule = Schedule(cron="37 6 * * *", times=("06:37", "18:00"))
    assert walls(due(schedule, day, day + timedelta(days=1))) == ["23. 06:37", "23. 18:00"]


def test_what_was_slept_through_comes_once() -> None:
    rule = trigger(Schedule(times=("06:37", "12:37")), 0)
    before, now = (datetime(2026, 11, day, 12, 37, tzinfo=OSLO).astimezone(UTC) for day in (20, 24))
    assert rule.get_next_fire_time(before, now + timedelta(hours=1)) == now + timedelta(hours=18)


def test_a_retry_keeps_out_of_the_first_minutes_of_an_hour() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    for minute in range(60):
        ended = noon + timedelta(minutes=minute)
        again = retry_time(ended, 900)
        assert again.minute > 10
        assert timedelta(minutes=15) <= again - ended <= timedelta(minutes=26)


def test_the_minute_is_drawn_once(tmp_path: str) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    store = open_store(url)
    drawn = Upkeep(store).minute()
    assert drawn in MINUTES
    assert {Upkeep(open_store(url)).minute() for _ in range(20)} == {drawn}
    others = set()
    for number in range(40):
        others.add(Upkeep(open_store(f"sqlite:///{tmp_path}/{number}.db")).minute())
    assert len(others) > 10
    assert min(others) > 10
