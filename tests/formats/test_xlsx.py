import csv
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from settlement_bridge import formats
from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.settlement_xlsx import SettlementXlsx
from settlement_bridge.formats.xlsx_parts import cell_text
from settlement_bridge.model import Payer, Report, Settlement, SettlementType, Transaction
from tests.conftest import require
from tests.formats import readers
from tests.formats.reports import FIRST_TIME, report, row
from tests.formats.test_published_samples import read

XLSX = formats.get("xlsx")


def rendered(a_report: Report, form: formats.Format = XLSX) -> bytes:
    stream = io.BytesIO()
    form.write(a_report, stream)
    return stream.getvalue()


def values(document: bytes, sheet: str = "Rapport") -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(io.BytesIO(document))[sheet].iter_rows(values_only=True))


def readable(path: Path) -> bytes:
    """Return the published sample as openpyxl opens it, which wants every fill to say something."""
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(stream, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(b"<fill></fill>", b"<fill><patternFill/></fill>"))
    return stream.getvalue()


def changed(document: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """Return the workbook with the last `old` in a part replaced."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as before, zipfile.ZipFile(stream, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == part:
                head, found, tail = content.rpartition(old)
                assert found
                content = head + new + tail
            after.writestr(name, content)
    return stream.getvalue()


def test_a_settlement_is_its_transactions_and_what_is_paid_out() -> None:
    lines = values(rendered(report([row(1, order_id="a"), row(2, amount=-500, fee=0)])))
    day = "29.03.2026"
    assert [[cell for cell in line if cell is not None] for line in lines[:5]] == [
        ["Oppgjørsrapport"],
        ["Bedriften", "Fisk & Sånt AS"],
        ["Organisasjonsnummer", "987654321"],
        ["Fra dato", "28.03.2026"],
        ["Til dato", day],
    ]
    unit = ("Fiskebua på Torget", "654321")
    assert [tuple(cell for cell in line if cell not in (None, "")) for line in lines[8:]] == [
        (day, *unit, "5000000001", "a", 100, -2.25, 97.75, "Salg", "2000001", day),
        (day, *unit, "5000000002", "order", -5, 0, -5, "Refundering", "2000001", day),
        ("Til utbetaling netto", "2000001", day, 92.75, "86011117947"),
    ]


def test_a_gross_settlement_says_so() -> None:
    made = report([row()])
    ((settled, rows),) = made.sections
    gross = replace(settled, type=SettlementType.GROSS, settled_amount=settled.totals.gross)
    last = values(rendered(replace(made, sections=[(gross, rows)])))[-1]
    assert (last[0], last[12]) == ("Til utbetaling brutto", 100)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "007", "1e5", "29.03.2026", "TRUE", "#REF!"])
def test_text_stays_text_also_when_somebody_edits_the_cell(text: str) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(rendered(report([row(order_id=text)]))))["Rapport"]
    assert sheet["F9"].value == text
    assert sheet["F9"].data_type in ("s", "inlineStr")
    assert sheet["F9"].number_format == "@"
    assert sheet["G9"].data_type == "n"
    assert sheet["G9"].number_format == "0.00"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 40_000, "x" * 32_767),
        ("-" + "🐟" * 20_000, "-" + "🐟" * 16_383),
        ("𝐀" * 20_000, "𝐀" * 16_383),
        ("æ" * 32_767,) * 2,
    ],
)
def test_a_text_longer_than_a_cell_is_cut(text: str, kept: str) -> None:
    assert values(rendered(report([row(order_id=text)])))[8][5] == kept


def test_a_text_that_looks_escaped_is_escaped() -> None:
    """ECMA-376, 22.9.2.19: a spreadsheet reads `_x0041_` as `A`."""
    assert cell_text("_x0041_ _x _xzzzz_") == "_x005F_x0041_ _x _xzzzz_"


def test_rows_beyond_a_sheet_go_on_in_the_next_and_both_say_so(tmp_path: Path) -> None:
    small = SettlementXlsx(most_rows=14)
    sections = [[row(n) for n in range(1, 8)], [row(8)]]
    document = rendered(report(*sections), small)
    (tmp_path / "a.xlsx").write_bytes(document)
    small.check(tmp_path / "a.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(document)).sheetnames == ["Rapport", "Rapport 2", "Rapport 3"]
    first, second = values(document), values(document, "Rapport 2")
    assert (len(first), first[-1][0]) == (14, "Fortsetter på arket Rapport 2")
    assert second[5][0] == "Fortsetter fra arket Rapport"
    assert first[:5] == second[:5]
    assert first[7] == second[7]
    assert [each.number for each in readers.xlsx(document).rows] == [
        str(each.number) for section in sections for each in section
    ]


def test_rows_that_just_fit_stay_on_one_sheet() -> None:
    document = rendered(report([row(n) for n in range(1, 4)]), SettlementXlsx(most_rows=14))
    assert openpyxl.load_workbook(io.BytesIO(document)).sheetnames == ["Rapport"]


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"<v>97.75</v>", b"<v>97.76</v>", r"sheet 1, row \d+: Brutto and Gebyr do not add up"),
        (b"<v>97.75</v>", b"<v>9775e-2</v>", "is not an amount"),
        (b"<v>100.00</v>", b"<f>50+50</f><v>100.00</v>", r"cell G\d+ holds a formula"),
        (b"<v>195.50</v>", b"<v>x</v>", "'x' in column M is not an amount"),
        (b"<v>195.50</v>", b"", "'' in column M is not an amount"),
        (b'<row r="11">', b'</sheetData></worksheet><!--<row r="11">', "Comment not terminated|Premature end"),
        (b">2000001<", b">2000002<", "payout 2000002 ends where 2000001 should"),
        (b">Netto<", b">Brutto<", "column names"),
        (b"</worksheet>", b"", "Premature end"),
    ],
)
def test_a_changed_cell_is_found_and_named(tmp_path: Path, old: bytes, new: bytes, said: str) -> None:
    document = rendered(report([row(1), row(2)]))
    (tmp_path / "a.xlsx").write_bytes(changed(document, SHEET, old, new))
    with pytest.raises(RenderingRefused, match=said) as refused:
        XLSX.check(tmp_path / "a.xlsx")
    assert str(refused.value).startswith(f"{tmp_path / 'a.xlsx'}, sheet 1, row ")


def test_a_settlement_that_does_not_end_is_refused(tmp_path: Path) -> None:
    document = rendered(report([row(1), row(2)]))
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        (paid_out,) = re.findall(b'<row r="11">.*?</row>', archive.read(SHEET))
    (tmp_path / "a.xlsx").write_bytes(changed(document, SHEET, paid_out, b""))
    with pytest.raises(RenderingRefused, match="the last settlement does not end with what is paid out"):
        XLSX.check(tmp_path / "a.xlsx")


@pytest.mark.timeout(300)
def test_another_program_reads_the_same_cells_and_computes_none(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    require(office, "install LibreOffice Calc to open workbooks with it")
    texts = ["=1+1", "007", "+47", "_x0041_", "æøå 🐟", "<a & b>", "29.03.2026", "1e5"]
    rows = [row(number, order_id=text) for number, text in enumerate(texts, start=1)]
    (tmp_path / "a.xlsx").write_bytes(rendered(report(rows)))
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    as_csv = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true"
    command = [
        str(office),
        home,
        "--headless",
        "--convert-to",
        as_csv,
        "--outdir",
        str(tmp_path),
        str(tmp_path / "a.xlsx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    lines = list(csv.reader((tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()))
    assert [line[5] for line in lines[8 : 8 + len(texts)]] == texts
    assert [line[6] for line in lines[8 : 8 + len(texts)]] == ["100.00"] * len(texts)
    assert lines[8 + len(texts)][12] == "782.00"


def test_the_published_sample_has_the_same_cells_but_for_the_product(reference: Path) -> None:
    files = reference / "reference" / "settlement-files"
    theirs = values(readable(files / "sportsklubb-16655.xlsx"))
    ours = values(rendered(read(files / "sportsklubb-16655.xml")))
    product = theirs[8][3]
    assert product == "Vipps Bedrift"
    for mine, its in zip(ours, theirs[: len(ours)], strict=True):
        without_product = tuple("" if cell == product else cell for cell in its)
        assert [cell or None for cell in mine] == [cell if cell not in (" ", "") else None for cell in without_product]
    assert not any(any(line) for line in theirs[len(ours) :])


def test_it_looks_like_the_published_sample(reference: Path) -> None:
    files = reference / "reference" / "settlement-files"
    theirs: Any = openpyxl.load_workbook(io.BytesIO(readable(files / "sportsklubb-16655.xlsx")))["Rapport"]
    ours: Any = openpyxl.load_workbook(io.BytesIO(rendered(read(files / "sportsklubb-16655.xml"))))["Rapport"]
    assert {str(cells) for cells in ours.merged_cells.ranges} == {str(cells) for cells in theirs.merged_cells.ranges}
    assert {key: each.width for key, each in ours.column_dimensions.items()} == {
        key: each.width for key, each in theirs.column_dimensions.items()
    }
    for page in (ours, theirs):
        assert (page.page_setup.orientation, int(page.page_setup.paperSize)) == ("landscape", 9)
        assert page.sheet_properties.pageSetUpPr.fitToPage
        assert (int(page.page_setup.fitToWidth), int(page.page_setup.fitToHeight)) == (1, 0)
    for place in ("A1", "A8", "B9", "E9", "G9", "A10", "M10"):
        mine, its = ours[place], theirs[place]
        assert (mine.font.name, mine.font.b or False, mine.font.sz) == (its.font.name, its.font.b or False, its.font.sz)
        assert mine.alignment.horizontal == its.alignment.horizontal
        assert mine.border.bottom.style == its.border.bottom.style


def test_with_personal_data_it_has_the_columns_of_the_published_sample(reference: Path) -> None:
    published = reference / "reference" / "settlement-files" / "table-example.xlsx"
    theirs: Any = openpyxl.load_workbook(io.BytesIO(readable(published)))["Rapport"]
    kari = Payer(str(row(1).number), FIRST_TIME, "Kari Normann", "Gave")

    def payers(_: Settlement, rows: Iterable[Transaction]) -> list[tuple[Transaction, Payer | None]]:
        return [(each, kari if str(each.number) == kari.psp_reference else None) for each in rows]

    ours: Any = openpyxl.load_workbook(io.BytesIO(rendered(replace(report([row(1), row(2)]), payers=payers))))[
        "Rapport"
    ]
    assert [cell.value for cell in ours[8]] == [cell.value for cell in theirs[8]]
    assert [cell.value for cell in ours[9]][14:] == [theirs.cell(12, column).value for column in (15, 16, 17)]
    assert not any(cell.value for cell in ours[10][14:])
    assert {str(cells) for cells in ours.merged_cells.ranges} == {str(cells) for cells in theirs.merged_cells.ranges}
    widths = [ours.column_dimensions[letter].width for letter in "OPQ"]
    assert widths == [20, 20, 40] == [theirs.column_dimensions[letter].width for letter in "OOQ"]
