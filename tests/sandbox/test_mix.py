"""Faults in a random mix, seen on the wire."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from itertools import groupby, pairwise

import pytest
import requests

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.sandbox import GROUPS, Sandbox, fault_kinds, parse_mix, scenario
from settlement_bridge.sandbox.answers import Request
from settlement_bridge.sandbox.faults import Mix
from tests.sandbox.conftest import Caller

FEED = "/report/v2/ledgers/302321/{book}/feed"
WORLD = scenario("webshop", days=5)


def drawn(mix: Mix, target: str, times: int, method: str = "GET") -> list[str | None]:
    faults = [mix.draw(Request(method, target, Message())) for _ in range(times)]
    return [fault.kind if fault else None for fault in faults]


def test_a_mix_strikes_as_often_as_its_rates_say() -> None:
    mix = parse_mix("429:0.2,cut:0.1,reset")
    struck = Counter(kind for number in range(4000) for kind in drawn(mix, f"/report/{number}", 1))
    for kind, rate in {"429": 0.2, "cut": 0.1, "reset": 0.05}.items():
        assert struck[kind] / 4000 == pytest.approx(rate, abs=0.02)


def test_the_same_seed_strikes_the_same_requests_whatever_else_is_asked() -> None:
    alone, among_others, other_seed = (parse_mix("passing:0.5", seed) for seed in (1, 1, 2))
    expected = drawn(alone, "/report/a", 50)
    found = []
    for number in range(50):
        drawn(among_others, f"/report/{number}", number)
        found += drawn(among_others, "/report/a", 1)
    assert found == expected != drawn(other_seed, "/report/a", 50)


def test_the_same_seed_strikes_the_same_requests_on_many_connections() -> None:
    def statuses(parallel: int) -> list[list[object]]:
        with Sandbox(WORLD, mix=parse_mix("503:0.3,429:0.2", 3)) as api, ThreadPoolExecutor(parallel) as pool:
            return list(pool.map(lambda book: asked(api, book), ("funds", "fees")))

    def asked(api: Sandbox, book: str) -> list[object]:
        return [requests.get(api.url + FEED.format(book=book), timeout=10).status_code for _ in range(30)]

    one_by_one, at_once = statuses(1), statuses(2)
    assert one_by_one == at_once
    assert {401, 429, 503} == {status for column in at_once for status in column}  # 401: the caller has no token


def test_who_asks_three_times_gets_through() -> None:
    kinds = drawn(parse_mix("503:0.5,401:0.5"), "/report/x", 3000)
    runs = [len(list(run)) for struck, run in groupby(kinds, key=bool) if struck]
    assert max(runs) == 2
    assert not any(before == after == "401" for before, after in pairwise(kinds))


def test_a_401_that_would_say_that_the_keys_are_wrong_is_spared() -> None:
    mix = parse_mix("401:0.5,404:0.5")
    assert set(drawn(mix, "/accesstoken/get", 100, "POST")) == {None}
    with Sandbox(WORLD, mix=parse_mix("401:1", 5)) as api:
        caller = Caller(api)
        funds = api.url + FEED.format(book="funds")
        assert [caller.session.get(funds, timeout=10).status_code for _ in range(4)] == [401, 200, 401, 200]
        assert [request.fault for request in api.requests][1:] == ["401", None, "401", None]
        caller.session.close()


def test_a_body_is_cut_at_another_byte_each_time() -> None:
    mix = parse_mix("cut:1")
    faults = [mix.draw(Request("GET", f"/{number}", Message())) for number in range(40)]
    assert len({fault.options["at"] for fault in faults if fault}) > 20


def test_every_kind_is_in_one_group() -> None:
    kinds = [kind for group in GROUPS.values() for kind in group]
    assert sorted(kinds) == sorted(fault_kinds())


def test_the_kinds_of_a_group_share_its_rate() -> None:
    mix = parse_mix("new:0.1, cut , null-handle:0.2")
    assert mix.rates == pytest.approx({"null-handle": 0.25, "unknown-type": 0.05, "cut": 0.05})
    assert str(parse_mix("cut:0.125", 9)) == "cut 12.5 % of all requests, by seed 9"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("418", "no fault '418' to mix"),
        ("", "needs a kind at least"),
        ("429:often", "write KIND:RATE"),
        ("429:0", "above 0 and up to 1"),
        ("429:1.5", "above 0 and up to 1"),
        ("429:", "write KIND:RATE"),
        ("429:.", "write KIND:RATE"),
        ("429:0.6,cut:0.6", "more often than there are requests"),
    ],
)
def test_a_mix_that_cannot_be_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        parse_mix(text)
