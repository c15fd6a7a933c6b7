"""Every fault, seen on the wire."""

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import perf_counter
from typing import Any

import pytest
import requests

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.sandbox import Fault, Sandbox, fault_kinds, parse_fault, scenario
from tests.sandbox.conftest import Caller, merchant_token

SHOP = "302321"
FEED = f"/report/v2/ledgers/{SHOP}/funds/feed"
V1 = "/report/v1/ledgertransactions"
V1_QUERY = {"ledgerId": SHOP, "inPayout": "2000001"}
WORLD = scenario("webshop", days=5)


def sandbox(*faults: str | Fault, page_size: int = 5, dialect: Any = "v2") -> AbstractContextManager[Sandbox]:
    return Sandbox(WORLD, faults=faults, page_size=page_size, dialect=dialect)


def pages(caller: Caller, count: int) -> list[dict[str, Any]]:
    """Follow the feed's cursors for so many pages."""
    got = [caller.page(FEED)]
    while len(got) < count:
        got.append(caller.page(FEED, cursor=got[-1]["cursor"]))
    return got


def references(items: Iterable[dict[str, Any]]) -> list[str]:
    return [item["pspReference"] for item in items]


def test_too_many_requests_with_and_without_a_time_to_wait(call: type[Caller]) -> None:
    with sandbox("429:retry-after=7,path=/feed", "429:path=/feed") as api:
        caller = call(api)
        first, second, third = (caller.get(FEED) for _ in range(3))
    assert (first.status_code, first.headers["Retry-After"]) == (429, "7")
    assert (second.status_code, "Retry-After" in second.headers) == (429, False)
    assert third.status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_errors_have_code_message_and_context(call: type[Caller], status: int) -> None:
    with sandbox(f"{status}:path=/feed,times=2") as api:
        caller = call(api)
        answers = [caller.get(FEED) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert set(answers[0].json()) == {"errorCode", "errorMessage", "contextId"}


def test_html_comes_instead_of_json(call: type[Caller]) -> None:
    with sandbox("html:path=/feed") as api:
        answer = call(api).get(FEED)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_ledger_can_vanish(call: type[Caller]) -> None:
    with sandbox("404:path=/feed") as api:
        assert call(api).get(FEED).json()["title"] == "No such ledgerId"


def test_a_401_in_the_middle_of_paging_takes_the_token_for_good(call: type[Caller]) -> None:
    with sandbox("401:path=/feed,nth=2") as api:
        caller = call(api)
        cursor = caller.page(FEED)["cursor"]
        assert [caller.get(FEED, cursor=cursor).status_code for _ in range(3)] == [401, 401, 401]
        caller.renew()
        assert caller.get(FEED, cursor=cursor).status_code == 200


def test_an_answer_can_be_slow(call: type[Caller]) -> None:
    with sandbox("slow:seconds=0.3,path=/feed") as api:
        started = perf_counter()
        caller = call(api)
        assert caller.page(FEED)["items"]
    assert perf_counter() - started >= 0.3


def test_an_answer_can_come_in_drops_that_no_read_timeout_catches(call: type[Caller]) -> None:
    with sandbox("drip:seconds=1,path=/feed") as api:
        caller = call(api)
        started = perf_counter()
        answer = caller.session.get(api.url + FEED, timeout=0.5)
    assert perf_counter() - started >= 0.9
    assert answer.json()["items"]


def test_an_answer_can_hang_and_closing_the_sandbox_ends_it(call: type[Caller]) -> None:
    started = perf_counter()
    with sandbox("hang:path=/feed") as api:
        caller = call(api)
        with pytest.raises(requests.ReadTimeout):
            caller.session.get(api.url + FEED, timeout=0.2)
    assert perf_counter() - started < 5


@pytest.mark.parametrize("at", [0, 100])
def test_a_connection_can_be_reset(call: type[Caller], at: int) -> None:
    with sandbox(f"reset:at={at},path=/feed") as api:
        caller = call(api)
        with pytest.raises(requests.ConnectionError, match="reset by peer"):
            caller.get(FEED)
        assert caller.page(FEED)["items"]


@pytest.mark.parametrize("at", [0, 1, 200])
def test_a_body_can_be_cut_at_any_byte(call: type[Caller], at: int) -> None:
    with sandbox(f"cut:at={at},path=/feed") as api:
        caller = call(api)
        with pytest.raises(requests.exceptions.RequestException, match="IncompleteRead"):
            caller.get(FEED)
        assert caller.page(FEED)["items"]


def test_a_body_can_be_short_with_a_length_that_agrees(call: type[Caller]) -> None:
    with sandbox("shortened:at=200,path=/feed") as api:
        answer = call(api).get(FEED)
    assert (answer.status_code, len(answer.content)) == (200, 200)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)


def test_the_clock_can_be_wrong(call: type[Caller]) -> None:
    with sandbox("clock:hours=-26,path=/feed") as api:
        answered = parsedate_to_datetime(call(api).get(FEED).headers["Date"])
    assert 25 < (datetime.now(UTC) - answered).total_seconds() / 3600 < 27


def test_token_requests_can_fail_too() -> None:
    with sandbox("503:path=/accesstoken") as api:
        assert merchant_token(api.url, api.keys).status_code == 503
        assert merchant_token(api.url, api.keys).status_code == 200


def test_a_cursor_can_be_ignored_once(call: type[Caller]) -> None:
    with sandbox("repeat") as api:
        first, second, third = pages(call(api), 3)
    assert second == first
    assert third["items"] != first["items"]


def test_an_entry_given_again_can_have_changed(call: type[Caller]) -> None:
    with sandbox("repeat", "changed:times=forever") as api:
        first, second = pages(call(api), 2)
    was, now = first["items"][0], second["items"][0]
    assert now.pop("reference") == f"{was.pop('reference')} (changed)"
    assert now == was
    assert second["items"][1:] == first["items"][1:]


def test_an_entry_given_for_the_first_time_is_as_it_was(call: type[Caller]) -> None:
    with sandbox("changed:times=forever") as faulty, sandbox() as sound:
        assert call(faulty).feed(SHOP, "funds") == call(sound).feed(SHOP, "funds")


def test_a_cursor_can_lead_back_to_itself(call: type[Caller]) -> None:
    with sandbox("cursor-loop:nth=2,times=forever") as api:
        _, second, third = pages(call(api), 3)
    assert second == third
    assert not second["tryLater"]


def test_a_page_can_be_empty_and_yet_have_a_cursor(call: type[Caller]) -> None:
    with sandbox("empty-page:nth=2") as api, sandbox() as sound:
        _, empty, third = pages(call(api), 3)
        assert (empty["items"], empty["tryLater"]) == ([], False)
        assert third == pages(call(sound), 2)[1]


def test_try_later_can_go_on_for_ever(call: type[Caller]) -> None:
    with sandbox("try-later:times=forever") as api:
        for page in pages(call(api), 5):
            assert (page["items"], page["tryLater"]) == ([], True)


def test_an_entry_can_be_missing_so_that_the_balances_have_a_gap(call: type[Caller]) -> None:
    with sandbox("gap:position=7,times=forever,path=funds") as api, sandbox() as sound:
        faulty, whole = call(api).feed(SHOP, "funds"), call(sound).feed(SHOP, "funds")
    assert faulty == whole[:7] + whole[8:]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("float", "12.5"),
        ("whole-float", "1200.0"),
        ("nan", "NaN"),
        ("string", '"1200"'),
        ("huge", "1" + 40 * "0"),
        ("boolean", "true"),
        ("null", "null"),
    ],
)
@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_an_amount_can_be_none(call: type[Caller], kind: str, text: str, dialect: str) -> None:
    with sandbox(f"amount:as={kind}", dialect=dialect) as api:
        answer = call(api).get(V1, **V1_QUERY) if dialect == "v1" else call(api).get(FEED)
    name = "ledgerAmount" if dialect == "v1" else "amount"
    assert answer.text.count(f'"{name}":{text},') == 1


def test_a_key_can_come_twice(call: type[Caller]) -> None:
    with sandbox("duplicate-key") as api:
        answer = call(api).get(FEED)
    twice: list[list[str]] = []
    json.loads(answer.content, object_pairs_hook=lambda pairs: twice.append([name for name, _ in pairs]))
    assert [names.count("amount") for names in twice if "amount" in names][:2] == [2, 1]


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_words_can_be_new_and_handles_null(call: type[Caller], dialect: str) -> None:
    with sandbox("null-handle", "unknown-type", "unknown-field:position=2", dialect=dialect) as api:
        page = call(api).page(V1, **V1_QUERY) if dialect == "v1" else call(api).page(FEED)
    first, second, third, *_ = page["items"]
    assert first["recipientHandle"] is None
    assert second["transactionType" if dialect == "v1" else "entryType"] == "brand-new-type"
    assert third["brandNewField"] == {"nested": [1, "two"]}


def test_an_answer_can_be_about_another_ledger(call: type[Caller]) -> None:
    with sandbox("other-ledger", dialect="v1") as api:
        assert {item["ledgerId"] for item in call(api).page(V1, **V1_QUERY)["items"]} == {"999999"}
    with sandbox("other-ledger", page_size=1000) as api:
        items = call(api).page(FEED)["items"]
    paid = references(item for item in items if item["entryType"] == "payout-scheduled")
    assert paid[0] == "999999-2000001"


def test_a_fault_strikes_the_requests_it_was_meant_for(call: type[Caller]) -> None:
    with sandbox("500:path=/feed,nth=2,times=2") as api:
        caller = call(api)
        assert caller.ledgers()
        assert [caller.get(FEED).status_code for _ in range(5)] == [200, 500, 500, 200, 200]


def test_dice_fall_the_same_way_again(call: type[Caller]) -> None:
    def thrown(seed: int) -> list[int]:
        with sandbox(f"503:probability=0.5,seed={seed},path=/feed") as api:
            caller = call(api)
            return [caller.get(FEED).status_code for _ in range(20)]

    assert thrown(1) == thrown(1) != thrown(2)
    assert {200, 503} == set(thrown(1))


def test_a_fault_can_be_written_as_text() -> None:
    fault = parse_fault("429:retry-after=1,nth=2,times=forever,path=/funds/")
    assert fault == Fault("429", path="/funds/", nth=2, times=None, options={"retry-after": "1"})
    assert parse_fault("gap") == Fault("gap")
    assert parse_fault("reset:probability=0.25,seed=9") == Fault("reset", times=None, probability=0.25, seed=9)
    for kind in fault_kinds():
        assert parse_fault(kind).kind == kind


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("418", "there is no fault '418'"),
        ("429:wait=1", "has no option 'wait'"),
        ("429:soon", "name=value"),
        ("429:nth=first", "nth is 'first'; give a number"),
        ("slow:seconds=long", "must be a number"),
        ("amount:as=word", "as must be one of float"),
        ("503:nth=0", "nth and times are counted from 1"),
        ("503:times=-1", "nth and times are counted from 1"),
        ("503:probability=2", "probability is a share from 0 to 1, not 2.0"),
        ("503:probability=nan", "probability is a share from 0 to 1, not nan"),
    ],
)
def test_a_fault_that_cannot_be_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        parse_fault(text)


def test_a_sandbox_refuses_what_it_cannot_serve() -> None:
    with pytest.raises(ConfigurationError, match="page size 1001"):
        Sandbox(WORLD, page_size=1001)
    with Sandbox(WORLD) as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(ConfigurationError, match=f"port {port} .* Address already in use"):
            Sandbox(WORLD, port=port).__enter__()
    with pytest.raises(ConfigurationError, match="v1 or v2, not 'v3'"):
        sandbox(dialect="v3")
    with pytest.raises(ConfigurationError, match="no fault 'nonsense'"):
        sandbox(Fault("nonsense"))
