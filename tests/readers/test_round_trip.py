"""Whatever the books: each rendered file, read back, says what was rendered."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement_bridge.comparison import contents
from settlement_bridge.formats.settlement_xml_2 import name_text
from settlement_bridge.formats.text import xml_text
from settlement_bridge.model import FiledRow, Merchant, Transaction
from tests.formats.books import ANY_TEXT, TRANSACTIONS
from tests.formats.remake import golden_report
from tests.formats.reports import OSLO, report, row, totals_of
from tests.readers.files import FORMATS, opened, read, rendered, rows, settlements

EVERY = pytest.mark.parametrize("name", FORMATS)
MERCHANTS = st.builds(Merchant, st.from_regex("[0-9]{3,7}", fullmatch=True), *(ANY_TEXT for _ in range(7)))


def on_one_side(transaction: Transaction) -> Transaction:
    """A transaction either captures or refunds (rule 5)."""
    return transaction._replace(refund=0) if transaction.capture else transaction


SECTIONS = st.lists(st.lists(TRANSACTIONS.map(on_one_side), min_size=1, max_size=5), min_size=1, max_size=3)


def one_line(text: str) -> str:
    return re.sub("[\t\n\r\x85\u2028\u2029]", " ", xml_text(text))


def text_of(name: str) -> Callable[[str], str]:
    return one_line if name.startswith("csv") else xml_text


def expected(name: str, transaction: Transaction) -> tuple[object, ...]:
    cut = transaction.time.replace(microsecond=transaction.time.microsecond // 1000 * 1000)
    tells_times = name.startswith("xml")
    apart = name not in {"xml 2.0", "csv table", "xlsx"}
    return (
        str(transaction.number),
        text_of(name)(transaction.order_id),
        cut if tells_times else cut.astimezone(OSLO).date(),
        transaction.capture if apart else None,
        transaction.refund if apart else None,
        transaction.gross,
        transaction.fee,
        transaction.net,
    )


def told(row: FiledRow) -> tuple[object, ...]:
    return row[2:]


@EVERY
@settings(deadline=None, max_examples=40)
@given(sections=SECTIONS, merchant=MERCHANTS)
def test_every_format_reads_back_as_what_was_rendered(
    name: str, sections: list[list[Transaction]], merchant: Merchant
) -> None:
    document = rendered(name, report(*sections, merchant=merchant))
    assert str(opened(document).kind) == name
    assert [told(row) for row in rows(document)] == [expected(name, each) for every in sections for each in every]
    for stated, index in zip(settlements(document), range(len(sections)), strict=True):
        totals = totals_of(sections[index])
        assert stated.key == (merchant.msn, 2000001 + index)
        assert stated.count in (None, totals.count)
        assert stated.gross in (None, totals.gross)
        assert stated.fees in (None, totals.fees)
        assert stated.net in (None, totals.net)
        assert stated.settled_amount in (None, totals.net)
        assert stated.bank_account == "86011117947"
        assert stated.sales_unit_name == text_of(name)(merchant.sales_unit_name)
    added = contents(read(document))
    assert added.adds_up, added.slips
    assert [one.rows.net for one in added.settlements] == [totals_of(every).net for every in sections]


@EVERY
def test_the_merchant_reads_back_as_far_as_the_format_tells_him(name: str) -> None:
    merchant = golden_report().merchant
    (stated, _) = settlements(rendered(name, golden_report()))
    city = name_text(merchant.city) if name == "xml 2.0" else merchant.city
    told = {
        "organization_name": merchant.organization_name,
        "organization_number": merchant.organization_number,
        "address": merchant.address,
        "zip_code": merchant.zip_code,
        "city": city,
        "country_code": merchant.country_code,
        "currency": "NOK",
        "type": "Net",
    }
    said = {field: getattr(stated, field) for field in told if getattr(stated, field) is not None}
    assert said.items() <= told.items()
    assert len(said) >= {"xml": 7, "csv": 0, "xls": 3}[name[:3]]


NAMES_OF_COLUMNS = (
    "SalesUnitName",
    "SettlementInfo",
    "MerchantName",
    "Salgssted",
    "Vippsnummer",
    "Til utbetaling netto",
)


@EVERY
@pytest.mark.parametrize("called", NAMES_OF_COLUMNS)
def test_a_merchant_may_be_called_like_a_column(name: str, called: str) -> None:
    golden = golden_report()
    merchant = replace(golden.merchant, sales_unit_name=called, organization_name=called)
    document = rendered(name, report([row(1, order_id=called)], [row(2)], merchant=merchant))
    assert [stated.sales_unit_name for stated in settlements(document)] == [called, called]
    assert [one.order_id for one in rows(document)] == [called, "order"]


def test_times_keep_their_instants_over_the_spring_night() -> None:
    times = [row.when for row in rows(rendered("xml 3.0", golden_report()))]
    assert times[:2] == [
        datetime.fromisoformat("2026-03-29T01:59:59.999+01:00"),
        datetime.fromisoformat("2026-03-29T03:00:00+02:00"),
    ]


def test_a_file_can_be_read_twice() -> None:
    file = opened(rendered("xml.zip 3.0", golden_report()))
    assert list(file.read()) == list(file.read())


def test_an_account_that_was_kept_as_a_number_gets_its_zero_back() -> None:
    document = rendered("csv table", golden_report())
    assert {one.bank_account for one in settlements(document.replace(b",86011117947", b",5394985866"))} == {
        "05394985866"
    }
