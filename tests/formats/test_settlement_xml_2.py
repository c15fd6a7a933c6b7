import copy
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from lxml import etree

from settlement_bridge import formats
from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.schemas import schema_path
from settlement_bridge.formats.settlement_xml_2 import NAMESPACE, name_text
from settlement_bridge.model import Issuer, Merchant, Report
from tests.formats.books import ANY_TEXT
from tests.formats.remake import GOLDEN, golden_report, rendered_as
from tests.formats.reports import report, row
from tests.formats.xml_changes import double, drop, reorder

XML2 = formats.get("xml", xml_version="2.0")
OWN = etree.XMLSchema(etree.parse(str(schema_path("SettlementReport-2.0.xsd"))))
FEES = (
    "<FeeInfo><FeeDate>x</FeeDate><FeeID>1</FeeID><FeeAmount>1.5</FeeAmount><FeeAccount>1</FeeAccount>"
    "<FeeType>x</FeeType></FeeInfo>"
)
ODD_TEXTS = (
    *("", " ", "x", "a b", "1", "-1", "+1", " 1 ", "1.0", "1.005", ".5", "1.", "1e3", "NaN", "9" * 40, "1,0", "a:b"),
    *("9223372036854775807", "9223372036854775808", "_", "-a", "1a", "a.b-c_d", "æøå", "\u4e2d", "2026-03-29", "\n1\n"),
)


def rendered(a_report: Report) -> bytes:
    return rendered_as(XML2, a_report)


def texts(document: bytes, name: str) -> list[str]:
    return [each.text or "" for each in etree.fromstring(document).iter(f"{{{NAMESPACE}}}{name}")]


def test_the_golden_file_is_still_what_is_rendered() -> None:
    assert rendered(golden_report()) == (GOLDEN / "654321-2000001-2.0.xml").read_bytes()


def test_it_opens_as_simple_parsers_expect() -> None:
    assert rendered(report([row()])).startswith(
        b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        b'<SettlementReport xmlns="http://vipps.dnb.no/XMLSchema/SettlementReport.xsd">\n'
        b"  <SettlementDetailsInfo>\n"
    )


def test_sums_stand_before_their_rows_and_control_sums_before_all() -> None:
    document = rendered(report([row(1), row(2, amount=-500, fee=0)], [row(3)]))
    assert texts(document, "NumOfSettlements") == ["2"]
    assert texts(document, "TotalSettledGrossAmount") == ["195.00"]
    assert texts(document, "TotalSettledNetAmount") == ["190.50"]
    assert texts(document, "TotalSettledFeeAmount") == ["4.50"]
    assert texts(document, "TotalSettledRefundAmount") == ["-5.00"]
    assert texts(document, "GrossSettlementAmount") == ["95.00", "100.00"]
    assert texts(document, "NumOfTransactions") == ["2", "1"]
    order = [
        document.index(name) for name in (b"<TotalSettledGross", b"<NumOfSett", b"<GrossSett", b"<TransactionInfo")
    ]
    assert order == sorted(order)


def test_days_have_a_time_part() -> None:
    document = rendered(report([row()]))
    assert texts(document, "ReportDateFrom") == ["2026-03-28T00:00:00+01:00"]
    assert texts(document, "SettlementBatchDate") == ["2026-03-29T00:00:00+01:00"]
    assert texts(document, "TransactionDate") == ["2026-03-29T00:30:07.013+01:00"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("OSLO", "OSLO"),
        ("MO I RANA", "MO_I_RANA"),
        ("Århus", "Århus"),
        ("A\u030arhus", "Århus"),
        ("", "_"),
        ("2100 Kbh.", "_2100_Kbh."),
        ("-x", "_-x"),
        ("https://vipps.no", "https_vipps.no"),
        ("a \x00\n b", "a_b"),
        ("中 Oslo", "_Oslo"),
    ],
)
def test_a_text_is_made_to_fit_an_ncname(text: str, name: str) -> None:
    assert name_text(text) == name


@given(text=ANY_TEXT)
def test_whatever_the_city_site_and_country_the_file_is_valid(text: str) -> None:
    merchant = Merchant("654321", "Fiskebua", "987654321", city=text)
    issuer = Issuer(web_site=text, country=text)
    root = etree.fromstring(rendered(replace(report([row()], merchant=merchant), issuer=issuer)))
    OWN.assertValid(root)


def test_a_settlement_without_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.xml").write_bytes(rendered(report([])))
    with pytest.raises(RenderingRefused, match=r"empty\.xml, line \d+: .*Expected is \( TransactionInfo \)"):
        XML2.check(tmp_path / "empty.xml")


@pytest.fixture
def published(reference: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(reference / "reference" / "settlement-files" / "SettlementReport-2.0.xsd")))


def whole_document() -> etree._Element:
    """Return a document with every element there is."""
    root = etree.fromstring(rendered(golden_report()))
    (payments,) = root.iter(f"{{{NAMESPACE}}}PaymentsInfo")
    payments.append(etree.fromstring(f'<FeeDetailsInfo xmlns="{NAMESPACE}">{FEES}{FEES}</FeeDetailsInfo>'))
    (account,) = root.iter(f"{{{NAMESPACE}}}SettlementAccountNum")
    account.addprevious(etree.fromstring(f'<ReportReferenceNum xmlns="{NAMESPACE}">1</ReportReferenceNum>'))
    return root


def empty(element: etree._Element, _: random.Random) -> None:
    del element[:]


def rename(element: etree._Element, dice: random.Random) -> None:
    element.tag = dice.choice(list(whole_document().iter())).tag


def unqualify(element: etree._Element, _: random.Random) -> None:
    element.tag = etree.QName(element).localname


def attribute(element: etree._Element, _: random.Random) -> None:
    element.set("id", "1")


def child(element: etree._Element, dice: random.Random) -> None:
    element.append(copy.deepcopy(dice.choice(list(whole_document().iter()))))


CHANGES: tuple[Callable[[etree._Element, random.Random], None], ...] = (
    *(drop, empty, double, reorder, rename, unqualify, attribute, child),
)


def agree(published: etree.XMLSchema, root: etree._Element) -> bool:
    text = etree.tostring(root)
    verdicts = {each.validate(etree.fromstring(text)) for each in (OWN, published)}
    assert len(verdicts) == 1, f"only one of the schemas accepts {text.decode()}"
    return verdicts.pop()


def test_both_schemas_accept_what_is_rendered_and_a_document_with_every_element(published: etree.XMLSchema) -> None:
    assert agree(published, etree.fromstring(rendered(golden_report())))
    assert agree(published, whole_document())


def test_both_schemas_agree_on_every_odd_text_in_every_element(published: etree.XMLSchema) -> None:
    verdicts = []
    for index in range(len(list(whole_document().iter()))):
        for text in ODD_TEXTS:
            root = whole_document()
            element = list(root.iter())[index]
            if len(element):
                break
            element.text = text
            verdicts.append(agree(published, root))
    assert min(verdicts.count(True), verdicts.count(False)) > 100


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_both_schemas_agree_on_each_change_of_each_element(
    published: etree.XMLSchema, change: Callable[[etree._Element, random.Random], None]
) -> None:
    dice = random.Random(change.__name__)
    for index in range(len(list(whole_document().iter()))):
        root = whole_document()
        change(list(root.iter())[index], dice)
        agree(published, root)


def test_both_schemas_agree_on_what_may_stand_alone(published: etree.XMLSchema) -> None:
    verdicts = {etree.QName(part).localname: agree(published, part) for part in whole_document().iter()}
    assert sum(verdicts.values()) == 8
