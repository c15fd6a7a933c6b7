"""Who paid and what they wrote, as both dialects tell it, and as it must never be told on (issue 3)."""

import logging

import pytest

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Book, Payer
from settlement_bridge.report_api import ReportApi
from tests.report_api.conftest import LEDGER, MakeApi
from tests.report_api.server import Server, entry, ledger_record, page, payout_row, reply, transaction

SAID = {"name": "Kari  Nordmann ", "message": "Lodd\n⚽", "maskedPhoneNo": "xxxx 1234"}


def payers(api: ReportApi) -> list[tuple[str, str]]:
    return [(payer.name, payer.message) for each in api.pages(LEDGER, dict.fromkeys(Book)) for payer in each.payers]


def test_v2_tells_payers_on_the_funds_book(server: Server, make_api: MakeApi) -> None:
    items = [entry(0, **SAID), entry(1), entry(2, name="Ola", message=None), entry(3, name="", message="")]
    server.feeds({"": reply(page(items, "end", try_later=True))})
    (funds, *_) = make_api(personal_data=True).pages(LEDGER, dict.fromkeys(Book))
    time = funds.entries[Book.FUNDS][0].time
    assert funds.payers == (Payer("3343121302", time, "Kari Nordmann", "Lodd ⚽"), Payer("3343121304", time, "Ola", ""))
    assert all(request.query["includeGDPRSensitiveData"] == "true" for request in server.asked)
    assert {one.extra for one in funds.entries[Book.FUNDS]} == {None}


def test_v1_tells_payers_too(server: Server, make_api: MakeApi) -> None:
    items = [transaction(0, **SAID), payout_row(-789)]
    ledgers = {"items": [ledger_record(firstPayout="2000001", lastPayout="2000001")], "cursor": ""}
    server.sequence(reply(ledgers), reply({"cursor": "", "items": items}))
    api = make_api(personal_data=True)
    (ledger,) = api.ledgers()
    (only,) = api.pages(ledger, dict.fromkeys(Book))
    assert [(payer.psp_reference, payer.name) for payer in only.payers] == [("3343121302", "Kari Nordmann")]
    assert server.asked[-1].query["includeGDPRSensitiveData"] == "true"
    assert "includeGDPRSensitiveData" not in server.asked[0].query


def test_what_nobody_asked_for_is_dropped(server: Server, make_api: MakeApi) -> None:
    server.feeds({"": reply(page([entry(0, **SAID)], "end", try_later=True))})
    assert payers(make_api()) == []
    assert not any("includeGDPRSensitiveData" in request.query for request in server.asked)


@pytest.mark.parametrize("odd", [5, None, True, ["Kari"], {"first": "Kari"}])
def test_what_is_no_text_is_no_name_and_holds_no_ledger(server: Server, make_api: MakeApi, odd: object) -> None:
    server.feeds({"": reply(page([entry(0, name=odd, message=odd)], "end", try_later=True))})
    assert payers(make_api(personal_data=True)) == []


@pytest.mark.parametrize("wrong", [{"amount": 1.5}, {"currency": "USD"}, {"time": "today"}, {"balanceAfter": 7}])
def test_no_refusal_and_no_log_names_anybody(
    server: Server, make_api: MakeApi, caplog: pytest.LogCaptureFixture, wrong: dict[str, object]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.feeds({"": reply(page([entry(0, **SAID, **wrong)], "end", try_later=True))})
    with pytest.raises(DataRefused) as refused:
        payers(make_api(personal_data=True))
    for word in ("Kari", "Nordmann", "Lodd", "1234"):
        assert word not in str(refused.value)
        assert word not in caplog.text
