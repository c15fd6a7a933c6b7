"""The project's own schema accepts and refuses what the published one does."""

import copy
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from settlement_bridge.formats.schemas import schema_path
from tests.formats.remake import GOLDEN
from tests.formats.xml_changes import double, drop, reorder

NAMESPACE = "http://vipps.no/xmlschema/SettlementReport-3.0.xsd"
MONEY = (
    *("0.00", "0", "5.00", "+5.00", "-5.00", "-0.00", "+0.00", "-0", "0100", "0900", "0x00", "00.00", "0.0", "0.000"),
    *("1.234", "1.230", "1.2", "1.", ".5", "+.5", "-.5", "-", "+", ".", "1e3", " 5.00 ", "\n5.00", "5 .00", "5,00", ""),
    *("NaN", "INF", "9" * 99, "-" + "9" * 99, "9" * 99 + ".99", "0" * 99, "٥.00", "--5.00", "5.00-", "+-5", "0.00\t"),
)
LONGS = (
    *("0", "1", "-1", "+1", "-0", "007", "9223372036854775807", "9223372036854775808", "-9223372036854775808"),
    *("-9223372036854775809", "9" * 99, "1.0", "1e3", " 1 ", "1 2", "", "0x1", "NaN", "١"),
)
DATES = (
    *("2026-03-29", " 2026-03-29 ", "2026-3-29", "2026-02-30", "2024-02-29", "2026-03-29Z", "2026-03-29+02:00"),
    *("2026-03-29+15:00", "29.03.2026", "2026-03-29T00:00:00", "-2026-03-29", "0000-01-01", "12026-03-29", "", "today"),
)
TIMES = (
    *("2026-03-29T01:59:59.999+01:00", "2026-03-29T01:59:59", "2026-03-29T01:59:59Z", "2026-03-29T24:00:00"),
    *("2026-03-29T24:00:01", "2026-03-29T01:59:60", "2026-03-29T01:59:59.", "2026-03-29T01:59:59.1234567890+01:00"),
    *(
        "2026-03-29T01:59:59+01",
        "2026-03-29T01:59:59+14:01",
        "2026-03-29 01:59:59",
        "2026-03-29",
        "",
        " 2026-03-29T01:59:59 ",
    ),
)
WORDS = ("Net", "Gross", "net", "NET", " Net", "Net ", "", "Brutto", "Net Gross")
URIS = ("vipps.no", "https://vipps.no/a?b=c#d", "a b", "%zz", "::", "", "\\", "æøå", "<")
ODD_TEXTS: dict[str, tuple[str, ...]] = {
    "Amount": MONEY,
    "Num": LONGS,
    "ID": LONGS,
    "Date": DATES,
    "Time": TIMES,
    "SettlementType": WORDS,
    "WebSite": URIS,
}
FEES = f"""
<FeeDetailsInfo xmlns="{NAMESPACE}">
  <FeeInfo>
    <FeeDate>2026-03-29</FeeDate>
    <FeeID>1</FeeID>
    <FeeAmount>2.00</FeeAmount>
    <FeeAccount>1</FeeAccount>
    <FeeType>x</FeeType>
  </FeeInfo>
</FeeDetailsInfo>"""


@cache
def schema(path: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(path)))


@pytest.fixture
def published(reference: Path) -> etree.XMLSchema:
    return schema(reference / "reference" / "settlement-files" / "SettlementReport-3.0.xsd")


@pytest.fixture
def own() -> etree.XMLSchema:
    return schema(schema_path("SettlementReport-3.0.xsd"))


def whole_document() -> etree._Element:
    """Return a document with every element there is."""
    root = etree.parse(str(GOLDEN / "654321-2000001.xml")).getroot()
    for payments in root.iter(f"{{{NAMESPACE}}}PaymentsInfo"):
        account = next(payments.iter(f"{{{NAMESPACE}}}SettlementAccountNum"))
        account.addprevious(etree.fromstring(f'<ReportReferenceNum xmlns="{NAMESPACE}">1</ReportReferenceNum>'))
        payments.append(etree.fromstring(FEES))
    return root


def odd_texts(name: str) -> tuple[str, ...]:
    endings = [texts for ending, texts in ODD_TEXTS.items() if ending in name]
    return (*(endings[-1] if endings else ()), "", " ", "x" * 1_000, "🐟")


def with_odd_texts() -> Iterator[etree._Element]:
    """Yield the document with each odd text in each simple element, the same kind of element once."""
    seen = set()
    for index, element in enumerate(whole_document().iter()):
        name = etree.QName(element).localname
        if len(element) or name in seen:
            continue
        seen.add(name)
        for text in odd_texts(name):
            root = whole_document()
            list(root.iter())[index].text = text
            yield root


def rename(element: etree._Element, dice: random.Random) -> None:
    element.tag = dice.choice(list(whole_document().iter())).tag


def other_namespace(element: etree._Element, dice: random.Random) -> None:
    name = etree.QName(element).localname
    element.tag = dice.choice(
        (name, f"{{urn:other}}{name}", f"{{http://vipps.dnb.no/XMLSchema/SettlementReport.xsd}}{name}")
    )


def attribute(element: etree._Element, dice: random.Random) -> None:
    instance = "{http://www.w3.org/2001/XMLSchema-instance}"
    name, value = dice.choice(
        (
            ("id", "1"),
            ("{http://www.w3.org/XML/1998/namespace}lang", "no"),
            (f"{instance}nil", "true"),
            (f"{instance}schemaLocation", f"{NAMESPACE} x.xsd"),
            (f"{instance}type", "xs:string"),
        )
    )
    element.set(name, value)


def text_beside(element: etree._Element, dice: random.Random) -> None:
    element.tail = dice.choice(("x", "\n", " ", "0.00"))


def child(element: etree._Element, dice: random.Random) -> None:
    element.append(copy.deepcopy(dice.choice(list(whole_document().iter()))))


def odd_text(element: etree._Element, dice: random.Random) -> None:
    element.text = dice.choice(odd_texts(etree.QName(element).localname))


CHANGES: tuple[Callable[[etree._Element, random.Random], None], ...] = (
    *(drop, double, reorder, rename, other_namespace, attribute, text_beside, child, odd_text),
)


def agree(own: etree.XMLSchema, published: etree.XMLSchema, root: etree._Element) -> bool:
    """Return the verdict of both schemas, which must be one; judged by the text, as a reader would get it."""
    text = etree.tostring(root)
    verdicts = {each.validate(etree.fromstring(text)) for each in (own, published)}
    assert len(verdicts) == 1, f"only one of the schemas accepts {text.decode()}"
    return verdicts.pop()


def test_both_accept_the_document_that_the_broken_ones_are_made_of(
    own: etree.XMLSchema, published: etree.XMLSchema
) -> None:
    assert agree(own, published, whole_document())


def test_both_accept_the_published_samples(own: etree.XMLSchema, published: etree.XMLSchema, reference: Path) -> None:
    samples = sorted((reference / "reference").rglob("*.xml"))
    assert samples
    assert all(agree(own, published, etree.parse(str(sample)).getroot()) for sample in samples)


def test_they_agree_on_every_odd_text_in_every_element(own: etree.XMLSchema, published: etree.XMLSchema) -> None:
    verdicts = [agree(own, published, root) for root in with_odd_texts()]
    assert verdicts.count(True) > 100
    assert verdicts.count(False) > 100


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_they_agree_on_each_change_of_each_element(
    own: etree.XMLSchema, published: etree.XMLSchema, change: Callable[[etree._Element, random.Random], None]
) -> None:
    dice = random.Random(change.__name__)
    for index in range(len(list(whole_document().iter()))):
        root = whole_document()
        change(list(root.iter())[index], dice)
        agree(own, published, root)


@pytest.mark.parametrize("seed", range(4))
def test_they_agree_on_several_changes_at_once(own: etree.XMLSchema, published: etree.XMLSchema, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(100):
        root = whole_document()
        for _ in range(dice.randint(1, 3)):
            dice.choice(CHANGES)(dice.choice(list(root.iter())), dice)
        agree(own, published, root)


def test_they_agree_on_what_may_stand_alone(own: etree.XMLSchema, published: etree.XMLSchema) -> None:
    verdicts = {etree.QName(part).localname: agree(own, published, part) for part in whole_document().iter()}
    assert {name for name, accepted in verdicts.items() if accepted} == {
        *("SettlementReport", "SettlementDetailsInfo", "PaymentsInfo", "SettlementInfo", "TransactionInfo"),
        *("FeeDetailsInfo", "FeeInfo", "VippsInfo"),
    }
