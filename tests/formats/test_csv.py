import io
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from settlement_bridge import formats
from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.csv_cells import csv_text
from settlement_bridge.instants import to_micros
from settlement_bridge.model import Issuer, Merchant, Report
from tests.formats.reports import report, row

SECTIONS = formats.get("csv", csv_layout="sections")
TABLE = formats.get("csv", csv_layout="table")


def text_of(form: formats.Format, a_report: Report) -> str:
    stream = io.BytesIO()
    form.write(a_report, stream)
    return stream.getvalue().decode()


def test_sections_name_who_is_paid_the_settlements_then_their_transactions() -> None:
    assert text_of(SECTIONS, report([row(1, order_id="a"), row(2, amount=-500, fee=0)])).splitlines() == [
        "OrganizationNumber,MerchantName",
        "987654321,Fisk & Sånt AS",
        "Name,VisitingAddress,Postbox,Zipno,Place,Country,CompanyNumber",
        "Vipps AS,Dronning Eufemias Gate 42,,0191,Oslo,Norway,918713867",
        "SettlementInfo,SalesUnitName,SaleUnitNumber,SettlementDate,SettlementID,SettlementAccount,Gross,Currency,Fee,"
        "Refund,Net,NumberOfTransactions",
        "SettlementInfo,Fiskebua på Torget,654321,29.03.2026,2000001,86011117947,100.00,NOK,-2.25,-5.00,92.75,2",
        "FeeInfo,SettlementDate,SaleUnitName,SaleUnitNumber,FeeAccount,Fee,Currency",
        "TransactionInfo,SalesDate,SaleUnitName,SaleUnitNumber,TransactionId,SettlementId,OrderID,SettlementDate,Gross,"
        "Currency,Fee,Refund,Net",
        "TransactionInfo,29.03.2026,Fiskebua på Torget,654321,5000000001,2000001,a,29.03.2026,"
        "100.00,NOK,-2.25,0.00,97.75",
        "TransactionInfo,29.03.2026,Fiskebua på Torget,654321,5000000002,2000001,order,29.03.2026,"
        "0.00,NOK,0.00,-5.00,-5.00",
    ]


def test_the_table_has_one_line_a_transaction() -> None:
    assert text_of(TABLE, report([row(1, order_id="a"), row(2, amount=-500, fee=0)])).splitlines() == [
        "Salgsdato,Salgssted,Vippsnummer,Produkt,Transaksjons-ID,Ordre-ID,Brutto,Gebyr,Netto,Transaksjonstype,"
        "Oppgjørs-ID,Oppgjørsdato,Oppgjørssum,Oppgjørskonto",
        "29.03.2026,Fiskebua på Torget,654321,,5000000001,a,100.00,-2.25,97.75,Salg,2000001,29.03.2026,92.75,"
        "86011117947",
        "29.03.2026,Fiskebua på Torget,654321,,5000000002,order,-5.00,0.00,-5.00,Refundering,2000001,29.03.2026,92.75,"
        "86011117947",
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("order-1", "order-1"),
        ("=1+1", "'=1+1"),
        ("+4712345678", "'+4712345678"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("  =1", "'  =1"),
        ("'=1", "''=1"),
        ("\t=1", "' =1"),
        ("\r\n=1", "'  =1"),
        ("x;=cmd()", "x;'=cmd()"),
        ('x;"=cmd();y', "x;'\"=cmd();y"),
        ('x; " "-1', 'x;\' " "-1'),
        ('"=1"', '"=1"'),
        ("＝1", "'＝1"),
        ("a\nTransactionInfo", "a TransactionInfo"),
        ("it's", "it's"),
        ("\x00", "\ufffd"),
        ("", ""),
    ],
)
def test_no_text_becomes_a_formula_or_a_line(text: str, written: str) -> None:
    assert csv_text(text) == written


@pytest.mark.parametrize(
    ("post_address", "written"),
    [("N-0191 Oslo", "0191,Oslo"), ("1050 København K", "1050,København K"), ("Oslo", ",Oslo"), ("", ",")],
)
def test_the_issuers_postal_code_and_place_are_cells_of_their_own(post_address: str, written: str) -> None:
    line = text_of(SECTIONS, replace(report([row()]), issuer=Issuer(post_address=post_address))).splitlines()[3]
    assert line == f"Vipps AS,Dronning Eufemias Gate 42,,{written},Norway,918713867"


@pytest.mark.parametrize(
    ("form", "old", "new", "said"),
    [
        (SECTIONS, "97.75", "97,75", "the number of cells is 14, not 13"),
        (SECTIONS, "97.75", "97.7", "'97.7' is not an amount with two decimals"),
        (SECTIONS, "-2.25,0.00,97.75", "-2.25,0.00,97.76", "the net amount in minor units is 9776, not 9775"),
        (SECTIONS, "100.00,NOK,-2.25,0.00,97.75", "100.01,NOK,-2.26,0.00,97.75", "count, gross, fee, refund and net"),
        (SECTIONS, "TransactionInfo,29", "Transaction,29", "the first cell is"),
        (TABLE, "97.75,Salg", "97.76,Salg", "the net amount in minor units is 9776, not 9775"),
        (TABLE, "Salg,2000001,29", "Salg,2000001,2000001,29", "the number of cells is 15, not 14"),
        (TABLE, "Salgsdato", "Dato", "the header is"),
        (TABLE, "0.00,-5.00,Refundering,2000001,29", "0.00,-5.00,Refundering,2000001,28", "settlement 2000001 is"),
    ],
)
def test_a_changed_cell_is_found_and_named(tmp_path: Path, form: formats.Format, old: str, new: str, said: str) -> None:
    text = text_of(form, report([row(1, order_id="a"), row(2, amount=-500, fee=0)]))
    assert old in text
    head, _, tail = text.rpartition(old)
    (tmp_path / "a.csv").write_text(head + new + tail, encoding="utf-8", newline="")
    with pytest.raises(RenderingRefused, match=r"a\.csv, line \d+: ") as refused:
        form.check(tmp_path / "a.csv")
    assert said in str(refused.value)


@pytest.mark.parametrize("form", [SECTIONS, TABLE])
def test_a_file_without_transactions_is_refused(tmp_path: Path, form: formats.Format) -> None:
    (tmp_path / "a.csv").write_text(text_of(form, replace(report(), sections=[])), encoding="utf-8", newline="")
    with pytest.raises(RenderingRefused, match="whether it has a"):
        form.check(tmp_path / "a.csv")


def test_the_published_sample_has_the_same_lines_but_for_its_own_slips(reference: Path) -> None:
    sample = (reference / "reference" / "settlement-files" / "settlement-report.csv").read_text(encoding="utf-8")
    merchant = Merchant("513428", "VippsExampleStore", "918713867", "Vipps AS")
    theirs = sample.split("\n")
    ours = text_of(SECTIONS, _sample_report(theirs, merchant)).split("\n")
    assert ours[:5] == theirs[:5]
    assert ours[6:8] == theirs[6:8]
    slips = {5: ("16450,62", "14960.62"), 13: ("-1490.00,0.00", "-1490.00,-1490.00")}
    for number, line in enumerate(ours):
        expected = theirs[number].replace("595976", "513428").replace("10.04.2021", "12.04.2021")
        wrong, right = slips.get(number, ("", ""))
        assert line == expected.replace("2000720", "2000001").replace(wrong, right), number


def _sample_report(lines: list[str], merchant: Merchant) -> Report:
    rows = []
    for line in lines[8:15]:
        cells = line.split(",")
        capture, fee, refund = (int(cells[place].replace(".", "")) for place in (8, 10, 11))
        rows.append(
            row(1)._replace(
                instant=to_micros(_noon(cells[1])),
                capture=capture,
                refund=refund,
                fee=-fee,
                number=int(cells[4]),
                order_id=cells[6],
            )
        )
    made = report(rows, merchant=merchant)
    ((settled, _),) = made.sections
    settled = replace(settled, settlement_date=date(2021, 4, 12), bank_account="15039794613")
    return replace(made, sections=[(settled, rows)])


def _noon(day: str) -> datetime:
    return datetime.strptime(day, "%d.%m.%Y").replace(hour=12, tzinfo=UTC)
