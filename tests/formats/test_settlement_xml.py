from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from settlement_bridge import formats
from settlement_bridge.errors import ConfigurationError, RenderingRefused
from settlement_bridge.formats.text import xml_text
from settlement_bridge.formats.timestamps import local_time_writer
from settlement_bridge.model import Merchant, Transaction
from settlement_bridge.money import decimal_text
from tests.formats.books import MERCHANTS, TRANSACTIONS
from tests.formats.remake import GOLDEN, golden_report
from tests.formats.reports import OSLO, rendered, report, row, settlement, totals_of, write_rendered

NAMESPACES = {"r": "http://vipps.no/xmlschema/SettlementReport-3.0.xsd"}
XML = formats.get("xml")


def texts(document: bytes, path: str) -> list[str]:
    found: Any = etree.fromstring(document).xpath(path, namespaces=NAMESPACES)
    return [element.text or "" for element in found]


def test_the_golden_file_is_still_what_is_rendered() -> None:
    assert rendered(golden_report()) == (GOLDEN / "654321-2000001.xml").read_bytes()


def test_the_golden_file_is_valid() -> None:
    XML.check(GOLDEN / "654321-2000001.xml")


def test_it_opens_as_simple_parsers_expect() -> None:
    assert rendered(report([row()])).startswith(
        b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        b'<SettlementReport xmlns="http://vipps.no/xmlschema/SettlementReport-3.0.xsd">\n'
        b"  <SettlementDetailsInfo>\n"
    )


def test_no_prefix_and_no_second_namespace_shows() -> None:
    document = rendered(golden_report())
    assert document.count(b"xmlns") == 1
    assert b":SettlementInfo" not in document


def test_the_same_report_gives_the_same_bytes() -> None:
    assert rendered(golden_report()) == rendered(golden_report())


def test_what_nobody_knows_is_an_empty_element() -> None:
    document = rendered(report([row(order_id="")], merchant=Merchant("654321", "Fiskebua", "987654321")))
    for name in (b"OrganizationName", b"MainAddress", b"MainAddressCountryCode", b"OrderID"):
        assert b"<" + name + b"/>" in document


def test_every_section_is_a_settlement_with_its_own_count() -> None:
    document = rendered(report([row(1), row(2)], [row(3, amount=-500, fee=0)]))
    assert texts(document, "//r:SettlementID") == ["2000001", "2000002"]
    assert texts(document, "//r:NumOfTransactions") == ["2", "1"]
    assert texts(document, "//r:NumOfSettlements") == ["2"]
    assert texts(document, "//r:SettledAmount") == ["195.50", "-5.00"]


@pytest.mark.parametrize("field", ["count", "captures", "refunds", "fees"])
def test_rows_that_do_not_add_up_to_the_proven_totals_are_refused(field: str) -> None:
    rows = [row(1), row(2)]
    totals = totals_of(rows)
    proven = replace(totals, **{field: getattr(totals, field) + 1})
    wrong = replace(report(), sections=[(settlement(proven), rows)])
    with pytest.raises(RenderingRefused, match=r"payout 2000001 of ledger 302321, sales unit 654321: its rows are 2 "):
        rendered(wrong)


def test_an_unknown_extension_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match='no format "docx"; choose from: xml'):
        formats.get("docx")


def test_a_settlement_without_rows_is_refused(tmp_path: Path) -> None:
    path = write_rendered(tmp_path / "empty.xml", report([]))
    with pytest.raises(RenderingRefused, match=r"empty\.xml, line \d+: .*Expected is \( TransactionInfo \)"):
        XML.check(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(sections=st.lists(st.lists(TRANSACTIONS, min_size=1, max_size=5), min_size=1, max_size=3), merchant=MERCHANTS)
def test_whatever_the_values_it_is_valid_and_parses_back_equal(
    tmp_path: Path, sections: list[list[Transaction]], merchant: Merchant
) -> None:
    path = write_rendered(tmp_path / "any.xml", report(*sections, merchant=merchant))
    XML.check(path)
    rows = [transaction for section in sections for transaction in section]
    columns: dict[str, Callable[[Transaction], str]] = {
        "TransactionTime": lambda each: local_time_writer(OSLO)(each.instant),
        "TransactionCaptureAmount": lambda each: decimal_text(each.capture),
        "TransactionRefundAmount": lambda each: decimal_text(each.refund),
        "TransactionGrossAmount": lambda each: decimal_text(each.gross),
        "TransactionNetAmount": lambda each: decimal_text(each.net),
        "TransactionFeeAmount": lambda each: decimal_text(each.fee),
        "TransactionID": lambda each: str(each.number),
        "OrderID": lambda each: xml_text(each.order_id),
    }
    document = path.read_bytes()
    for name, text in columns.items():
        assert texts(document, f"//r:{name}") == [text(each) for each in rows]
    assert texts(document, "//r:SaleUnitName") == [xml_text(merchant.sales_unit_name)]


@pytest.mark.parametrize("order_id", ["🐟" * 16_384, "x" * 65_536, "\x01" * 65_536, "=cmd()|' /C calc'!A0", " \t\n\r "])
def test_hostile_references_are_valid_and_kept(tmp_path: Path, order_id: str) -> None:
    path = write_rendered(tmp_path / "hostile.xml", report([row(order_id=order_id)]))
    XML.check(path)
    assert texts(path.read_bytes(), "//r:OrderID") == [xml_text(order_id)]
