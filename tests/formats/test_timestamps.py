from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement_bridge.formats.timestamps import local_time_writer
from settlement_bridge.instants import to_micros


def local_time(zone: ZoneInfo) -> Callable[[datetime], str]:
    write = local_time_writer(zone)
    return lambda time: write(to_micros(time))


OSLO = local_time(ZoneInfo("Europe/Oslo"))
ZONES = (
    "Europe/Oslo",
    "UTC",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Pacific/Apia",
    "Asia/Tehran",
)


def instants(first_year: int, last_year: int) -> st.SearchStrategy[datetime]:
    start = datetime(first_year, 1, 1, tzinfo=UTC)
    microseconds = (datetime(last_year, 1, 1, tzinfo=UTC) - start) // timedelta(microseconds=1)
    return st.integers(0, microseconds).map(lambda after: start + timedelta(microseconds=after))


INSTANTS = instants(2018, 2040)


def plainly(time: datetime, zone: ZoneInfo) -> str:
    """Say rule 17 as slowly as it is written."""
    local = time.astimezone(zone)
    fraction = f".{local.microsecond // 1000:03}".rstrip("0").rstrip(".")
    return local.strftime("%Y-%m-%dT%H:%M:%S") + fraction + local.isoformat()[-6:]


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2018, 1, 22, 11, 52, 54, 97_000, UTC), "2018-01-22T12:52:54.097+01:00"),
        (datetime(2018, 7, 22, 10, 0, 49, 270_000, UTC), "2018-07-22T12:00:49.27+02:00"),
        (datetime(2018, 7, 22, 10, 0, 49, 999, UTC), "2018-07-22T12:00:49+02:00"),
        (datetime(2018, 7, 22, 10, 0, 49, 999_999, UTC), "2018-07-22T12:00:49.999+02:00"),
        (datetime(2018, 7, 22, 10, 0, 50, 0, UTC), "2018-07-22T12:00:50+02:00"),
        (datetime(2018, 12, 31, 23, 0, tzinfo=UTC), "2019-01-01T00:00:00+01:00"),
    ],
)
def test_milliseconds_are_cut_and_trailing_zeros_dropped(time: datetime, text: str) -> None:
    assert OSLO(time) == text


def test_both_nights_of_the_clock_change_come_out_right() -> None:
    spring, autumn = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
    hours = [timedelta(hours=hour) for hour in range(3)]
    assert [OSLO(spring + hour)[11:16] + OSLO(spring + hour)[-6:] for hour in hours] == [
        "01:00+01:00",
        "03:00+02:00",
        "04:00+02:00",
    ]
    assert [OSLO(autumn + hour)[11:16] + OSLO(autumn + hour)[-6:] for hour in hours] == [
        "02:00+02:00",
        "02:00+01:00",
        "03:00+01:00",
    ]


@pytest.mark.parametrize("name", ZONES)
@given(times=st.lists(INSTANTS, min_size=1, max_size=8))
def test_it_says_what_astimezone_says(name: str, times: list[datetime]) -> None:
    zone = ZoneInfo(name)
    write = local_time(zone)
    near = [time + step for time in times for step in (timedelta(0), timedelta(minutes=1), timedelta(microseconds=1))]
    assert [write(time) for time in near] == [plainly(time, zone) for time in near]


@pytest.mark.parametrize("name", ZONES)
def test_every_quarter_hour_of_a_year_is_right(name: str) -> None:
    zone = ZoneInfo(name)
    write = local_time(zone)
    times = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * step) for step in range(366 * 96)]
    assert [write(time) for time in times] == [plainly(time, zone) for time in times]


@given(time=INSTANTS, hours=st.integers(-12, 14))
def test_the_zone_an_instant_came_in_does_not_matter(time: datetime, hours: int) -> None:
    assert OSLO(time.astimezone(timezone(timedelta(hours=hours)))) == OSLO(time)


@given(time=instants(1900, 1937))
def test_an_offset_with_seconds_becomes_whole_minutes_and_stays_the_same_instant(time: datetime) -> None:
    text = local_time(ZoneInfo("Africa/Monrovia"))(time)
    assert len(text[-6:].split(":")) == 2
    assert datetime.fromisoformat(text) == time.replace(microsecond=time.microsecond // 1000 * 1000)
