"""Write one format, ours or the naive way: `python -m benchmarks.run_formats ours|naive NAME PATH ROWS`."""

import csv
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import openpyxl
from fpdf import FPDF

from benchmarks.report import report
from benchmarks.run_rendering import OSLO, a_report, transactions
from settlement_bridge import formats
from settlement_bridge.model import Settlement, Transaction

FORMATS = {
    "xml 2.0": formats.get("xml", xml_version="2.0"),
    "xml.zip": formats.get("xml.zip"),
    "csv sections": formats.get("csv"),
    "csv table": formats.get("csv", csv_layout="table"),
    "xlsx": formats.get("xlsx"),
    "camt.053": formats.get("camt.053.xml"),
    "pdf": formats.get("pdf"),
}


def cells(each: Transaction) -> list[object]:
    """Return a row as a script would: floats, and a day from strftime."""
    gross, fee = (each.capture + each.refund) / 100, each.fee / 100
    day = each.time.astimezone(OSLO).strftime("%d.%m.%Y")
    kind = "Refundering" if gross < 0 else "Salg"
    unit = ("Nettbutikken", "123456", "")
    return [day, *unit, str(each.number), each.order_id, gross, -fee, gross - fee, kind, "2000001", "02.03.2026"]


def naive_csv(path: Path, rows: int) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(map(cells, transactions(rows)))


def naive_xlsx(path: Path, rows: int) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for each in transactions(rows):
        sheet.append(cells(each))
    book.save(path)


def naive_tree(rows: int) -> bytes:
    root = ET.Element("SettlementReport")
    for each in transactions(rows):
        row = ET.SubElement(root, "TransactionInfo")
        for number, value in enumerate(cells(each)):
            ET.SubElement(row, f"Field{number}").text = str(value)
    stream = BytesIO()
    ET.ElementTree(root).write(stream, "utf-8")
    return stream.getvalue()


def naive_xml(path: Path, rows: int) -> None:
    path.write_bytes(naive_tree(rows))


def naive_camt(path: Path, rows: int) -> None:
    root = ET.Element("Document")
    for each in transactions(rows):
        entry = ET.SubElement(root, "Ntry")
        ET.SubElement(entry, "Amt", Ccy="NOK").text = f"{abs(each.gross) / 100:.2f}"
        ET.SubElement(entry, "CdtDbtInd").text = "CRDT" if each.gross >= 0 else "DBIT"
        ET.SubElement(ET.SubElement(entry, "Sts"), "Cd").text = "BOOK"
        day = each.time.astimezone(OSLO).date().isoformat()
        for name in ("BookgDt", "ValDt"):
            ET.SubElement(ET.SubElement(entry, name), "Dt").text = day
        ET.SubElement(entry, "AcctSvcrRef").text = str(each.number)
        code = ET.SubElement(entry, "BkTxCd")
        domain = ET.SubElement(code, "Domn")
        ET.SubElement(domain, "Cd").text = "PMNT"
        family = ET.SubElement(domain, "Fmly")
        ET.SubElement(family, "Cd").text = "RCDT"
        ET.SubElement(family, "SubFmlyCd").text = "OTHR"
        ET.SubElement(ET.SubElement(code, "Prtry"), "Cd").text = "capture"
        details = ET.SubElement(ET.SubElement(entry, "NtryDtls"), "TxDtls")
        ET.SubElement(ET.SubElement(details, "Refs"), "EndToEndId").text = each.order_id
        ET.SubElement(ET.SubElement(details, "RltdDts"), "TxDtTm").text = each.time.astimezone(OSLO).isoformat()
    ET.ElementTree(root).write(path, "utf-8")


def naive_pdf(path: Path, settlements: int) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=9)
    with pdf.table() as table:
        for settlement, rows in sections(settlements):
            gross, fees = (sum(each.gross for each in rows) / 100, sum(each.fee for each in rows) / 100)
            date = settlement.settlement_date.strftime("%d.%m.%Y")
            table.row([date, str(settlement.payout), f"{gross:,.2f}", f"{fees:,.2f}", "0.00", f"{gross - fees:,.2f}"])
    pdf.output(str(path))


def sections(settlements: int) -> list[tuple[Settlement, list[Transaction]]]:
    """Return settlements of ten rows each."""
    ((first, _),) = a_report(10).sections
    return [(replace(first, payout=first.payout + number), list(transactions(10))) for number in range(settlements)]


def naive_zip(path: Path, rows: int) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("settlement.xml", naive_tree(rows))


NAIVE: dict[str, Callable[[Path, int], None]] = {
    "xml 2.0": naive_xml,
    "xml.zip": naive_zip,
    "csv sections": naive_csv,
    "csv table": naive_csv,
    "xlsx": naive_xlsx,
    "camt.053": naive_camt,
    "pdf": naive_pdf,
}


def main(who: str, name: str, path: Path, rows: int) -> None:
    """Write the file and print what it took."""
    if who == "naive":
        report(lambda: NAIVE[name](path, rows))
        return
    prepared = replace(a_report(10), sections=sections(rows)) if name == "pdf" else a_report(rows)
    with path.open("wb") as file:
        report(lambda: FORMATS[name].write(prepared, file))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
