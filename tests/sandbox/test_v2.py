"""The v2 dialect on the wire."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection

import pytest

from settlement_bridge.sandbox import Sandbox, scenario
from tests.sandbox.conftest import Caller

CLUB = "302322"
FEED = f"/report/v2/ledgers/{CLUB}/funds/feed"
WORLD = scenario("sports-club", days=30)
LAST_DAY = date(2026, 11, 22)


@pytest.fixture
def caller(call: type[Caller]) -> Iterator[Caller]:
    with Sandbox(WORLD, page_size=7) as sandbox:
        yield call(sandbox)


def test_ledgers_name_their_sales_units_and_no_payouts(caller: Caller) -> None:
    (ledger,) = caller.ledgers()
    assert ledger["salesUnits"][0]["recipientHandle"] == "NO:57860"
    assert not {"firstPayout", "lastPayout"} & set(ledger)


def test_a_feed_is_read_to_its_end_by_cursors_that_are_never_empty(caller: Caller) -> None:
    page = caller.page(FEED)
    assert (len(page["items"]), page["tryLater"]) == (7, False)
    assert "hasMore" not in page
    items = caller.feed(CLUB, "funds")
    assert [item["balanceBefore"] for item in items[1:]] == [item["balanceAfter"] for item in items[:-1]]
    assert all(item["time"].endswith("Z") for item in items)


def test_the_end_of_a_feed_gives_a_cursor_that_waits_for_more(call: type[Caller]) -> None:
    with Sandbox(WORLD) as sandbox:
        caller = call(sandbox)
        sandbox.reveal(entries=5)
        page = caller.page(FEED)
        again = caller.page(FEED, cursor=page["cursor"])
        assert (again["items"], again["tryLater"], again["cursor"]) == ([], True, page["cursor"])
        sandbox.reveal(entries=None)
        assert caller.page(FEED, cursor=page["cursor"])["items"]


def test_revealed_entries_grow_one_at_a_time_over_both_books(call: type[Caller]) -> None:
    with Sandbox(WORLD) as sandbox:
        caller = call(sandbox)
        for entries in range(12):
            sandbox.reveal(entries=entries)
            books = [caller.feed(CLUB, book) for book in ("funds", "fees")]
            assert sum(map(len, books)) == entries
        times = [item["time"] for book in books for item in book]
        sandbox.reveal(entries=None)
        hidden = [item["time"] for book in ("funds", "fees") for item in caller.feed(CLUB, book)]
        assert sorted(times) == sorted(hidden)[:11]


@pytest.mark.parametrize("book", ["funds", "fees"])
def test_the_dates_together_are_the_feed(caller: Caller, book: str) -> None:
    items = []
    for day in range(30):
        path = f"/report/v2/ledgers/{CLUB}/{book}/dates/{date.fromordinal(LAST_DAY.toordinal() - 29 + day)}"
        page = caller.page(path)
        items += page["items"]
        while page["hasMore"]:
            page = caller.page(path, cursor=page["cursor"])
            items += page["items"]
        assert "cursor" not in page
    feed = caller.feed(CLUB, book)
    for item in feed:
        del item["ledgerDate"]
    assert items == feed


def test_a_date_that_has_not_closed_says_try_later(call: type[Caller]) -> None:
    with Sandbox(WORLD) as sandbox:
        caller = call(sandbox)
        page = caller.page(f"/report/v2/ledgers/{CLUB}/funds/dates/2026-11-23")
        assert (page["items"], page["tryLater"], page["hasMore"]) == ([], True, False)
        first = caller.feed(CLUB, "funds")[0]["ledgerDate"]
        sandbox.reveal(entries=1)
        assert caller.page(f"/report/v2/ledgers/{CLUB}/funds/dates/{first}")["tryLater"]
        sandbox.reveal(entries=None)
        assert not caller.page(f"/report/v2/ledgers/{CLUB}/funds/dates/{first}")["tryLater"]


def test_personal_data_come_only_where_a_page_was_asked_for_them(caller: Caller) -> None:
    plain = caller.feed(CLUB, "funds")
    personal = caller.feed(CLUB, "funds", includeGDPRSensitiveData="true")
    added = {"message", "name", "maskedPhoneNo"}
    assert not any(added & set(item) for item in plain)
    assert all(added <= set(item) for item in personal if item["entryType"] == "capture")
    assert [{k: v for k, v in item.items() if k not in added} for item in personal] == plain
    second = caller.page(FEED, cursor=caller.page(FEED, includeGDPRSensitiveData="true")["cursor"])
    assert not any(added & set(item) for item in second["items"])


def test_an_unknown_ledger_is_not_found(caller: Caller) -> None:
    answer = caller.get("/report/v2/ledgers/111111/funds/feed")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["title"] == "No such ledgerId"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (FEED, {"cursor": "made-up"}),
        (FEED, {"cursor": "W10="}),
        (FEED, {"cursor": "WyIzMDIzMjIiLCAiZnVuZHMiLCAwLCAtMSwgbnVsbF0="}),
        (FEED, {"includeGDPRSensitiveData": "perhaps"}),
        (f"/report/v2/ledgers/{CLUB}/sales/feed", {}),
        (f"/report/v2/ledgers/{CLUB}/funds/dates/20261122", {}),
        (f"/report/v2/ledgers/{CLUB}/funds/dates/2026-02-30", {}),
    ],
)
def test_bad_parameters_are_told_as_a_problem(caller: Caller, path: str, query: dict[str, str]) -> None:
    answer = caller.get(path, **query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert {"type", "title", "status", "detail", "instance"} == set(answer.json())


def test_a_cursor_of_the_other_book_is_refused(caller: Caller) -> None:
    cursor = caller.page(FEED)["cursor"]
    assert caller.get(FEED.replace("funds", "fees"), cursor=cursor).status_code == 400


def test_a_cursor_of_another_ledger_is_refused(call: type[Caller]) -> None:
    with Sandbox(scenario("all", days=5)) as sandbox:
        caller = call(sandbox)
        cursor = caller.page(FEED)["cursor"]
        assert caller.get(FEED.replace(CLUB, "302321"), cursor=cursor).status_code == 400


def test_v1_is_gone(caller: Caller) -> None:
    answer = caller.get("/report/v1/ledgertransactions", ledgerId=CLUB, inPayout="2000001")
    assert (answer.status_code, answer.headers["Content-Type"]) == (410, "application/problem+json")


def test_a_system_header_has_at_most_thirty_characters(caller: Caller) -> None:
    caller.session.headers["Vipps-System-Name"] = 30 * "x"
    assert caller.get(FEED).status_code == 200
    caller.session.headers["Vipps-System-Name"] = 31 * "x"
    answer = caller.get(FEED)
    assert answer.status_code == 400
    assert "Vipps-System-Name" in answer.json()["detail"]


def test_the_wrong_method_is_told_the_right_one(caller: Caller) -> None:
    answer = caller.session.post(caller.url + FEED, timeout=5)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


def test_answers_carry_the_time(caller: Caller) -> None:
    answered = parsedate_to_datetime(caller.get(FEED).headers["Date"])
    assert abs((datetime.now(UTC) - answered).total_seconds()) < 60


def test_one_connection_serves_many_requests() -> None:
    with Sandbox(WORLD) as sandbox:
        connection = HTTPConnection(sandbox.url.removeprefix("http://"), timeout=5)
        ports = set()
        for _ in range(3):
            connection.request("GET", FEED)
            assert connection.getresponse().read()
            ports.add(connection.sock.getsockname())
        connection.close()
    assert len(ports) == 1


def test_requests_are_recorded_with_path_query_and_status(call: type[Caller]) -> None:
    with Sandbox(WORLD) as sandbox:
        caller = call(sandbox)
        caller.get(FEED, cursor="x")
        assert sandbox.requests[-1] == ("GET", f"{FEED}?cursor=x", 400, None)
