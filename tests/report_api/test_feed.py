import threading
import time
from collections.abc import Mapping
from itertools import count

import pytest

from settlement_bridge.errors import ApiUnavailable, DataRefused, KeysRefused
from settlement_bridge.model import Book, Page
from settlement_bridge.report_api import ReportApi
from tests.report_api.conftest import LEDGER, MakeApi
from tests.report_api.server import Reply, Request, Server, entry, page, reply

BEGINNING: Mapping[Book, str | None] = dict.fromkeys(Book)
CAUGHT_UP = reply(page([], "end", try_later=True))


def read(api: ReportApi, cursors: Mapping[Book, str | None] = BEGINNING) -> list[Page]:
    return list(api.pages(LEDGER, cursors))


def references(pages: list[Page]) -> list[str]:
    return [each.psp_reference for page in pages for book in page.entries.values() for each in book]


def test_both_books_are_read_to_their_end_funds_first(server: Server, api: ReportApi) -> None:
    server.feeds(
        {"": reply(page([entry(0), entry(1)], "a&b=/+")), "a&b=/+": reply(page([entry(2)], "c", try_later=True))},
        {"": reply(page([entry(0, entryType="capture-fee")], "x")), "x": reply(page([], "x", try_later=True))},
    )
    pages = read(api)
    assert [dict(page.cursors) for page in pages] == [{Book.FUNDS: "a&b=/+"}, {Book.FUNDS: "c"}, {Book.FEES: "x"}]
    assert [len(entries) for page in pages for entries in page.entries.values()] == [2, 1, 1]
    assert {page.ledger_id for page in pages} == {"302321"}
    assert not any(page.by_payout for page in pages)
    assert [request.path.rpartition("ledgers/")[2] for request in server.asked] == [
        "302321/funds/feed",
        "302321/funds/feed",
        "302321/fees/feed",
        "302321/fees/feed",
    ]


def test_reading_goes_on_from_the_cursors(server: Server, api: ReportApi) -> None:
    server.feeds({"f": reply(page([entry(7)], "g", try_later=True))}, {"x": CAUGHT_UP})
    (only,) = read(api, {Book.FUNDS: "f", Book.FEES: "x"})
    assert references([only]) == ["3343121309"]


@pytest.mark.parametrize("cursor", ["f", "moved"])
def test_nothing_new_brings_no_page(server: Server, api: ReportApi, cursor: str) -> None:
    server.feeds({"f": reply(page([], cursor, try_later=True))}, {"x": CAUGHT_UP})
    assert read(api, {Book.FUNDS: "f", Book.FEES: "x"}) == []
    assert len(server.asked) == 2


def test_empty_pages_on_the_way_are_passed(server: Server, api: ReportApi) -> None:
    server.feeds(
        {
            "": reply(page([], "a")),
            "a": reply({"cursor": "b", "items": None}),
            "b": reply(page([entry(0)], "c")),
            "c": CAUGHT_UP,
        }
    )
    (only,) = read(api)
    assert only.cursors == {Book.FUNDS: "c"}


@pytest.mark.parametrize("items", [[entry(0)], []])
def test_a_cursor_that_stays_is_a_loop(server: Server, api: ReportApi, items: list[dict[str, object]]) -> None:
    server.feeds({"a": reply(page(items, "a"))})
    with pytest.raises(ApiUnavailable, match="ledgers/302321/funds/feed: cursor loop, page 1 leads back to 'a'"):
        read(api, {Book.FUNDS: "a"})
    assert len(server.asked) == 1


def test_a_circle_of_cursors_is_a_loop(server: Server, api: ReportApi) -> None:
    server.feeds(
        {"": reply(page([entry(0)], "a")), "a": reply(page([entry(1)], "b")), "b": reply(page([entry(0)], "a"))}
    )
    got = []
    with pytest.raises(ApiUnavailable, match="cursor loop, page 3"):
        for each in api.pages(LEDGER, BEGINNING):
            got.append(each)
    assert len(got) == 2


def test_empty_pages_for_ever_are_a_loop(server: Server, api: ReportApi) -> None:
    numbers = count()
    server.script = lambda _: reply(page([], f"c{next(numbers)}"))
    with pytest.raises(ApiUnavailable, match="50 pages in a row are empty"):
        read(api)
    assert len(server.asked) == 50


@pytest.mark.parametrize("cursor", ["", None, 5])
def test_a_feed_without_a_cursor_is_refused(server: Server, api: ReportApi, cursor: str) -> None:
    server.feeds({"": reply(page([entry(0)], cursor, try_later=True))})
    with pytest.raises(DataRefused, match=r"cursor is .*a feed always has one"):
        read(api)


@pytest.mark.parametrize("value", [1, "true", []])
def test_try_later_is_true_or_false(server: Server, api: ReportApi, value: object) -> None:
    server.feeds({"": reply({"cursor": "a", "items": [], "tryLater": value})})
    with pytest.raises(DataRefused, match="tryLater is"):
        read(api)


def test_a_refused_page_gives_no_entry_and_is_named(server: Server, api: ReportApi) -> None:
    server.feeds({"": reply(page([entry(0)], "a")), "a": reply(page([entry(1), entry(2, amount=1.5)], "b"))})
    got = []
    with pytest.raises(DataRefused) as caught:
        for each in api.pages(LEDGER, BEGINNING):
            got.append(each)
    assert references(got) == ["3343121302"]
    assert caught.value.ledger_id == "302321"
    assert caught.value.reason == (
        "amount is 1.5 instead of an integer of minor units within 64 bits (pspReference '3343121304', "
        "entry 2 of the page) (page 2 of /report/v2/ledgers/302321/funds/feed)"
    )


def test_an_answer_about_another_ledger_is_refused(server: Server, api: ReportApi) -> None:
    server.feeds({"": reply(page([entry(0, entryType="payout-scheduled", pspReference="99-2000001")], "a"))})
    with pytest.raises(DataRefused, match="about another ledger"):
        read(api)


def test_a_token_that_ends_in_the_middle_costs_one_new_one_and_no_entry(server: Server, api: ReportApi) -> None:
    def script(request: Request) -> Reply:
        if "/fees/" in request.path:
            return CAUGHT_UP
        if request.query.get("cursor") == "a" and request.headers["Authorization"] == "Bearer token-1":
            return reply({"code": "Unauthorized", "message": "expired"}, 401)
        last = request.query.get("cursor") == "a"
        return reply(page([entry(int(last))], "b" if last else "a", try_later=last))

    server.script = script
    assert references(read(api)) == ["3343121302", "3343121303"]
    assert server.tokens == 2
    assert [request.query.get("cursor") for request in server.asked] == [None, "a", "a", None]


def test_a_cut_page_is_asked_for_again_with_the_same_cursor(server: Server, api: ReportApi) -> None:
    whole = reply(page([entry(1)], "b", try_later=True))
    second = [Reply(whole.body, cut=40), whole]
    server.script = lambda request: (
        CAUGHT_UP if "/fees/" in request.path else (second.pop(0) if request.query else reply(page([entry(0)], "a")))
    )
    assert references(read(api)) == ["3343121302", "3343121303"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_ledger_that_may_not_be_read_stops_no_other(server: Server, api: ReportApi, status: int) -> None:
    server.script = lambda _: reply({"title": "No such ledgerId"}, status)
    with pytest.raises(ApiUnavailable, match=r"No such ledgerId.*access was not granted"):
        read(api)


def test_keys_refused_in_the_middle(server: Server, api: ReportApi) -> None:
    server.script = lambda _: reply({"message": "revoked"}, 401)
    with pytest.raises(KeysRefused, match="revoked"):
        read(api)


def test_the_next_page_is_read_while_the_caller_works(server: Server, api: ReportApi) -> None:
    asked_second = threading.Event()

    def script(request: Request) -> Reply:
        if request.query.get("cursor") == "a":
            asked_second.set()
            return CAUGHT_UP
        return reply(page([entry(0)], "a")) if "/funds/" in request.path else CAUGHT_UP

    server.script = script
    pages = api.pages(LEDGER, BEGINNING)
    next(pages)
    assert asked_second.wait(5)
    assert list(pages) == []


def test_nothing_is_read_ahead_of_the_last_page(server: Server, api: ReportApi) -> None:
    server.feeds({"": reply(page([entry(0)], "a", try_later=True))})
    pages = api.pages(LEDGER, BEGINNING)
    next(pages)
    time.sleep(0.1)
    assert len(server.asked) == 1


def test_a_caller_who_stops_leaves_nothing_behind(server: Server, make_api: MakeApi) -> None:
    numbers = count(1)
    server.script = lambda request: reply(page([entry(0)], f"c{next(numbers)}"))
    api = make_api()
    pages = api.pages(LEDGER, BEGINNING)
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    api.close()
    asked = len(server.asked)
    assert asked <= 2
    assert [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")] == []
    time.sleep(0.1)
    assert len(server.asked) == asked


def test_an_error_read_ahead_comes_after_the_page_before_it(server: Server, api: ReportApi) -> None:
    server.script = lambda request: reply({}, 500) if request.query else reply(page([entry(0)], "a"))
    pages = api.pages(LEDGER, BEGINNING)
    assert references([next(pages)]) == ["3343121302"]
    with pytest.raises(ApiUnavailable, match="500"):
        next(pages)
