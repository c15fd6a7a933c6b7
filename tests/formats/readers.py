"""Reads each format back as an importer would: with a parser of its own, knowing nothing of how it was written."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import openpyxl
import pypdf
from lxml import etree


class Row(NamedTuple):
    payout: str
    number: str
    order_id: str
    gross: int
    fee: int


class Stated(NamedTuple):
    """What a file says of a settlement as a whole; None where the format does not say it."""

    payout: str
    transactions: int | None
    gross: int | None
    fees: int | None
    settled: int | None


class Contents(NamedTuple):
    stated: list[Stated]
    rows: list[Row]


def minor_units(text: str) -> int:
    whole, _, cents = text.partition(".")
    assert len(cents) == 2, text
    return int(whole + cents)


def xml(document: bytes) -> Contents:
    stated, rows = [], []
    infos: Any = etree.fromstring(document).iter("{*}SettlementInfo")
    for info in infos:
        values = {etree.QName(each).localname: each.text or "" for each in info}
        payout = values["SettlementID"]
        settled = values.get("SettledAmount")
        stated.append(
            Stated(
                payout,
                int(values["NumOfTransactions"]),
                minor_units(values["GrossSettlementAmount"]),
                minor_units(values["FeeSettlementAmount"]),
                None if settled is None else minor_units(settled),
            )
        )
        for transaction in info.iter("{*}TransactionInfo"):
            fields = {etree.QName(each).localname: each.text or "" for each in transaction}
            gross, fee = (minor_units(fields[f"Transaction{name}Amount"]) for name in ("Gross", "Fee"))
            rows.append(Row(payout, fields["TransactionID"], fields["OrderID"], gross, fee))
    return Contents(stated, rows)


def xml_zip(document: bytes) -> Contents:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        (member,) = archive.namelist()
        return xml(archive.read(member))


def csv_text(cell: str) -> str:
    """Return the text behind a cell, which no spreadsheet may take for a formula: also one that splits at `;`."""
    for part in cell.split(";"):
        assert not re.match(r"\s*[=+\-@＝＋－＠]|[\t\r\n]", part), cell
    return re.sub(r"(^|;)'(?='*\s*[=+\-@＝＋－＠])", r"\1", cell)


def csv_lines(document: bytes) -> list[list[str]]:
    text = document.decode()
    assert "\r" not in text
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len(lines) == text.count("\n"), "a line break within a cell"
    return lines


def csv_sections(document: bytes) -> Contents:
    stated, rows = [], []
    for line in csv_lines(document):
        if line[0] == "SettlementInfo" and line[4] != "SettlementID":
            captured, fee, refunded = minor_units(line[6]), minor_units(line[8]), minor_units(line[9])
            assert minor_units(line[10]) == captured + fee + refunded
            csv_text(line[1])
            stated.append(Stated(line[4], int(line[11]), captured + refunded, -fee, None))
        if line[0] == "TransactionInfo" and line[1] != "SalesDate":
            captured, fee, refunded = minor_units(line[8]), minor_units(line[10]), minor_units(line[11])
            assert minor_units(line[12]) == captured + fee + refunded
            rows.append(Row(line[5], line[4], csv_text(line[6]), captured + refunded, -fee))
    return Contents(stated, rows)


def csv_table(document: bytes) -> Contents:
    _, *lines = csv_lines(document)
    settled = {line[10]: Stated(line[10], None, None, None, minor_units(line[12])) for line in lines}
    rows = []
    for line in lines:
        gross, fee, net = map(minor_units, line[6:9])
        assert net == gross + fee
        assert line[9] == ("Refundering" if gross < 0 else line[9])
        csv_text(line[1])
        rows.append(Row(line[10], line[4], csv_text(line[5]), gross, -fee))
    return Contents(list(settled.values()), rows)


def from_float(value: object) -> int:
    assert isinstance(value, int | float)
    return round(value * 100)


def xlsx(document: bytes) -> Contents:
    stated, rows = [], []
    for sheet in openpyxl.load_workbook(io.BytesIO(document)):
        for line in sheet.iter_rows(min_row=9, max_col=14):
            values: list[Any] = [cell.value for cell in line]
            assert all(isinstance(values[place], str | None) for place in (0, 1, 2, 3, 4, 5, 9, 10, 11, 13))
            assert all(cell.data_type != "f" for cell in line)
            if values[12] is not None:
                stated.append(Stated(values[10], None, None, None, from_float(values[12])))
            elif values[6] is not None:
                gross, fee, net = map(from_float, values[6:9])
                assert net == gross + fee
                order_id = re.sub("_x005F_(?=x[0-9A-Fa-f]{4}_)", "_", values[5] or "")
                rows.append(Row(values[10], values[4], order_id, gross, -fee))
    return Contents(stated, rows)


_PDF_LINE = re.compile(r"(?m)^\d\d\.\d\d\.\d\d\s*(\d{7})" + 4 * "\\s*(-?[0-9\u00a0 ]+,[0-9]{2})" + "$")
"""Cells that fill their columns stand without a space between them."""


def norwegian(text: str) -> int:
    return minor_units(re.sub("[\u00a0 ]", "", text).replace(",", "."))


def pdf(document: bytes) -> Contents:
    stated = []
    for page in pypdf.PdfReader(io.BytesIO(document)).pages:
        for payout, captured, fee, refunded, settled in _PDF_LINE.findall(page.extract_text()):
            gross = norwegian(captured) + norwegian(refunded)
            stated.append(Stated(payout, None, gross, -norwegian(fee), norwegian(settled)))
    return Contents(stated, [])


def camt_053(document: bytes) -> Contents:
    """Read statements as a ledger would: add up, and compare with everything that is said of the sums."""
    stated, rows = [], []
    statements: Any = etree.fromstring(document).iter("{*}Stmt")
    for statement in statements:
        payout = statement.findtext("{*}ElctrncSeqNb")
        entries = [
            (entry.findtext("{*}BkTxCd/{*}Prtry/{*}Cd"), signed(entry), entry) for entry in statement.iter("{*}Ntry")
        ]
        opening, closing = (signed(balance) for balance in statement.iter("{*}Bal"))
        moved = [amount for _, amount, _ in entries]
        assert opening + sum(moved) == closing
        summary = statement.find("{*}TxsSummry")
        assert int(summary.findtext("{*}TtlNtries/{*}NbOfNtries")) == len(entries)
        assert minor_units(summary.findtext("{*}TtlNtries/{*}Sum")) == sum(map(abs, moved))
        assert signed(summary.find("{*}TtlNtries/{*}TtlNetNtry")) == sum(moved)
        assert minor_units(summary.findtext("{*}TtlCdtNtries/{*}Sum")) == sum(max(amount, 0) for amount in moved)
        assert minor_units(summary.findtext("{*}TtlDbtNtries/{*}Sum")) == -sum(min(amount, 0) for amount in moved)
        sales = [(amount, entry) for kind, amount, entry in entries if kind in ("capture", "refund")]
        (settled,) = (-amount for kind, amount, _ in entries if kind == "payout")
        fees = next((-amount for kind, amount, _ in entries if kind == "fees"), None)
        stated.append(Stated(payout, len(sales), sum(amount for amount, _ in sales), fees, settled))
        rows += [Row(payout, entry.findtext("{*}AcctSvcrRef"), order_of(entry), amount, 0) for amount, entry in sales]
    return Contents(stated, rows)


def signed(part: Any) -> int:
    amount = minor_units(part.findtext("{*}Amt"))
    return {"CRDT": amount, "DBIT": -amount}[part.findtext("{*}CdtDbtInd")]


def order_of(entry: Any) -> str:
    """Return the OrderID behind an entry: one that is too long for a reference stands in the text beside it."""
    short = entry.findtext(".//{*}EndToEndId")
    assert 1 <= len(short) <= 35
    return entry.findtext(".//{*}Ustrd") or ("" if short == "NOTPROVIDED" else short)


FEES_APART = ("camt.053.xml",)
"""Formats that say the fees of a settlement in one sum, not row by row."""

READERS: dict[str, Callable[[bytes], Contents]] = {
    "xml": xml,
    "xml, 2.0": xml,
    "xml.zip": xml_zip,
    "pdf": pdf,
    "xlsx": xlsx,
    "csv": csv_sections,
    "csv, table": csv_table,
    "camt.053.xml": camt_053,
}
