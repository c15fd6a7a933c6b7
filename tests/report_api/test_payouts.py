"""Reading v1 payout by payout, over real HTTP."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from settlement_bridge.errors import ApiUnavailable, DataRefused, DialectGone
from settlement_bridge.model import Book, Identifier, Ledger, LedgerEntry, Page
from settlement_bridge.report_api import ReportApi
from settlement_bridge.report_api.v2 import decode_entries
from tests.report_api.conftest import LEDGER, MakeApi
from tests.report_api.server import Json, Reply, Request, Server, payout_row, reply, transaction

PAID = dataclasses.replace(LEDGER, first_payout=2000001, last_payout=2000002)
BEGINNING: Mapping[Book, str | None] = dict.fromkeys(Book)


def at(number: str) -> dict[Book, str | None]:
    return dict.fromkeys(Book, number)


def serve(server: Server, payouts: Mapping[str, list[Json]], size: int = 1000) -> None:
    """Serve payouts in pages of a size; a cursor is `<payout>:<offset>`, and wants the ledgerId with it."""

    def script(request: Request) -> Reply:
        assert request.path == "/report/v1/ledgertransactions"
        assert "ledgerId" in request.query
        number, _, offset = request.query.get("cursor", request.query.get("inPayout", "") + ":0").partition(":")
        assert ("inPayout" in request.query) != ("cursor" in request.query)
        rows, first = payouts.get(number, []), int(offset)
        more = first + size < len(rows)
        return reply({"items": rows[first : first + size], "cursor": f"{number}:{first + size}" if more else ""})

    server.script = script


def two_payouts() -> dict[str, list[Json]]:
    return {
        "2000001": [*(transaction(n) for n in range(3)), payout_row(-3 * 789)],
        "2000002": [transaction(9), payout_row(-789, number=2000002)],
    }


def whole(pages: list[Page]) -> dict[Book, list[LedgerEntry]]:
    return {book: [entry for page in pages for entry in page.entries[book]] for book in Book}


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_every_payout_is_read_whatever_the_page_size(server: Server, v1_api: ReportApi, size: int) -> None:
    serve(server, two_payouts(), size)
    pages = list(v1_api.pages(PAID, BEGINNING))
    books = whole(pages)
    marks = ["fees-retained", "payout-scheduled"]
    assert [each.entry_type for each in books[Book.FUNDS]] == [*["capture"] * 3, *marks, "capture", *marks]
    assert [each.psp_reference for each in books[Book.FUNDS]][4::3] == ["302321-2000001", "302321-2000002"]
    assert sum(each.amount for each in books[Book.FUNDS]) == sum(each.amount for each in books[Book.FEES]) == 0
    assert all(page.by_payout and page.ledger_id == "302321" for page in pages)


def test_the_cursor_moves_with_the_payout_entry_only(server: Server, v1_api: ReportApi) -> None:
    serve(server, two_payouts(), 2)
    pages = list(v1_api.pages(PAID, BEGINNING))
    assert [page.cursors for page in pages] == [at("0"), at("2000001"), at("2000002")]
    assert [page.entries[Book.FUNDS][-1].entry_type for page in pages][1:] == ["payout-scheduled"] * 2


def test_reading_goes_on_behind_the_last_complete_payout(server: Server, v1_api: ReportApi) -> None:
    serve(server, two_payouts())
    (page,) = v1_api.pages(PAID, at("2000001"))
    assert page.cursors == at("2000002")
    assert [request.query.get("inPayout") for request in server.asked] == ["2000002"]


@pytest.mark.parametrize(("first", "asked"), [(None, "2000001"), (2000002, "2000002")])
def test_reading_begins_with_the_first_payout(server: Server, v1_api: ReportApi, first: int | None, asked: str) -> None:
    serve(server, {})
    assert list(v1_api.pages(dataclasses.replace(PAID, first_payout=first), BEGINNING)) == []
    assert [request.query.get("inPayout") for request in server.asked] == [asked]


@pytest.mark.parametrize(("ledger", "cursor"), [(LEDGER, None), (PAID, "2000002")])
def test_nothing_new_asks_nothing(server: Server, v1_api: ReportApi, ledger: Ledger, cursor: str | None) -> None:
    assert list(v1_api.pages(ledger, dict.fromkeys(Book, cursor))) == []
    assert server.requests == []


def test_a_payout_without_its_row_waits(server: Server, v1_api: ReportApi) -> None:
    payouts = two_payouts()
    del payouts["2000001"][-1]
    serve(server, payouts)
    (page,) = v1_api.pages(PAID, BEGINNING)
    assert [each.entry_type for each in page.entries[Book.FUNDS]] == ["capture"] * 3
    assert page.cursors == at("0")
    assert len(server.asked) == 1
    assert v1_api.payouts_left(PAID, page.cursors) == range(2000001, 2000003)


def test_an_interrupted_payout_begins_with_the_same_entries(server: Server, v1_api: ReportApi) -> None:
    serve(server, two_payouts(), 2)
    interrupted = next(v1_api.pages(PAID, BEGINNING))
    again = next(v1_api.pages(PAID, interrupted.cursors))
    assert again == interrupted


def test_a_refused_row_gives_no_entry_of_its_page(server: Server, v1_api: ReportApi) -> None:
    payouts = two_payouts()
    payouts["2000001"][2]["ledgerId"] = "1"
    serve(server, payouts, 2)
    got = []
    with pytest.raises(DataRefused, match=r"ledgerId is '1' .* entry 1 of the page.*page 2 of .* for payout 2000001"):
        for page in v1_api.pages(PAID, BEGINNING):
            got.append(page)
    assert [page.cursors for page in got] == [at("0")]


def test_a_payout_that_does_not_add_up_never_gets_its_payout_entry(server: Server, v1_api: ReportApi) -> None:
    payouts = two_payouts()
    del payouts["2000001"][1]
    serve(server, payouts)
    with pytest.raises(DataRefused, match=r"sum to 1578, but payout 2000001 .* is -2367"):
        list(v1_api.pages(PAID, BEGINNING))


def test_a_cursor_loop_ends(server: Server, v1_api: ReportApi) -> None:
    server.script = lambda _: reply({"items": [transaction(0)], "cursor": "a"})
    with pytest.raises(ApiUnavailable, match="for payout 2000001: cursor loop, page 2"):
        list(v1_api.pages(PAID, BEGINNING))


def test_a_cursor_that_is_no_text_is_refused(server: Server, v1_api: ReportApi) -> None:
    server.script = lambda _: reply({"items": [], "cursor": 5})
    with pytest.raises(DataRefused, match="cursor is 5"):
        list(v1_api.pages(PAID, BEGINNING))


def test_gone_says_what_to_set(server: Server, v1_api: ReportApi) -> None:
    server.script = lambda _: reply({"title": "Gone", "detail": "Use v2"}, 410)
    with pytest.raises(DialectGone, match=r'no longer speaks v1, it answered 410 \(Gone, Use v2\): set dialect = "v2"'):
        list(v1_api.pages(PAID, BEGINNING))
    assert len(server.asked) == 1


def test_a_mirror_read_with_the_other_dialect_is_held(v1_api: ReportApi) -> None:
    with pytest.raises(DataRefused, match=r"was read with v2 .*eyJh.*resync"):
        list(v1_api.pages(PAID, at("eyJh")))


@pytest.mark.parametrize("recording", ["example-net", "sportsklubb"])
def test_recorded_payouts_come_out_as_v2_recorded_them(
    server: Server, make_api: MakeApi, reference: Path, recording: str
) -> None:
    folder = reference / "reference" / "replay" / recording
    names = ("v1-ledgers", "v1-transactions", "funds", "fees")
    ledgers, payouts, *feeds = (json.loads((folder / f"{name}.json").read_text("utf-8")) for name in names)
    serve(server, payouts, 7)
    record = ledgers[0]
    owner = Identifier(record["owner"]["scheme"], record["owner"]["id"])
    numbers = sorted(map(int, payouts))
    ledger = Ledger(record["ledgerId"], record["currency"], owner, None, (), (), numbers[0], numbers[-1])
    books = whole(list(make_api(dialect="v1").pages(ledger, BEGINNING)))
    for book, feed in zip(Book, feeds, strict=True):
        assert [comparable(each) for each in books[book]] == [comparable(each) for each in decode_entries(feed, ledger)]


def comparable(entry: LedgerEntry) -> tuple[object, ...]:
    """Return what both dialects know; the payout's reference is a bank text in v2 only."""
    return (entry.ledger_date, entry.entry_type, entry.amount, entry.balance_before, entry.handle)
