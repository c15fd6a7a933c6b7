import io
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest

from settlement_bridge import formats
from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.settlement_pdf import account_text, norwegian_amount
from settlement_bridge.model import Merchant, Report, SettlementType
from tests.formats.remake import rendered_as
from tests.formats.reports import report, row
from tests.formats.test_published_samples import read

PDF = formats.get("pdf")


def pages(a_report: Report) -> list[pypdf.PageObject]:
    return list(pypdf.PdfReader(io.BytesIO(rendered_as(PDF, a_report))).pages)


def text_of(a_report: Report) -> str:
    return "\n".join(page.extract_text() for page in pages(a_report))


@pytest.mark.parametrize(
    ("minor_units", "text"),
    [
        (0, "0,00"),
        (-225, "-2,25"),
        (99_999, "999,99"),
        (123_456_789, "1\u00a0234\u00a0567,89"),
        (-100_000, "-1\u00a0000,00"),
    ],
)
def test_amounts_are_in_norwegian_style(minor_units: int, text: str) -> None:
    assert norwegian_amount(minor_units) == text


@pytest.mark.parametrize(
    ("digits", "text"),
    [("15037654733", "1503.76.54733"), ("", ""), ("1503765473", "1503765473"), ("DK123456789", "DK123456789")],
)
def test_a_norwegian_account_has_its_dots(digits: str, text: str) -> None:
    assert account_text(digits) == text


def test_a_settlement_is_a_line() -> None:
    assert text_of(report([row(1), row(2, amount=-500, fee=0)])).splitlines() == [
        "Foretak: Fisk & Sånt AS",
        "Organisasjonsnummer: 987654321",
        "Rapporteringsperiode: 28.03.2026 – 29.03.2026",
        "OPPGJØR",
        "Salgssted: Fiskebua på Torget",
        "Vippsnummer: 654321",
        "Oppgjørsform: Netto",
        "Bankkonto: 8601.11.17947",
        "Dato Oppgjørs-ID Brutto salg Gebyr Refundert Oppgjørssum",
        "29.03.26 2000001 100,00 -2,25 -5,00 92,75",
        "Side 1 av 1",
    ]


def test_what_is_paid_out_gross_is_named_so() -> None:
    made = report([row()])
    ((settled, rows),) = made.sections
    gross = replace(settled, type=SettlementType.GROSS, settled_amount=settled.totals.gross)
    text = text_of(replace(made, sections=[(gross, rows)]))
    assert "Oppgjørsform: Brutto" in text
    assert "100,00 -2,25 0,00 100,00" in text


def test_many_settlements_go_on_over_numbered_pages_with_the_columns_named_on_each() -> None:
    made = pages(report(*([row(number)] for number in range(60))))
    texts = [page.extract_text() for page in made]
    assert [text.splitlines()[-1] for text in texts] == [f"Side {number} av {len(made)}" for number in (1, 2, 3)]
    assert all(text.count("Dato Oppgjørs-ID Brutto salg Gebyr Refundert Oppgjørssum") == 1 for text in texts)
    payouts = [payout for text in texts for payout in re.findall("(?m)^29.03.26 ([0-9]+)", text)]
    assert payouts == [str(2000001 + number) for number in range(60)]


def test_it_is_a4_with_one_embedded_font_and_without_scripts() -> None:
    page: Any
    (page,) = pages(report([row()]))
    assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
    (font,) = page["/Resources"]["/Font"].values()
    descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
    assert "DejaVuSans" in descriptor["/FontName"]
    assert "/FontFile2" in descriptor
    assert b"/JavaScript" not in rendered_as(PDF, report([row()]))


def test_what_the_font_lacks_is_shown_as_unknown_and_what_is_too_wide_is_cut() -> None:
    text = text_of(report([row()], merchant=Merchant("654321", "🐟\tb\n", "987654321", "x" * 1_000)))
    assert "Salgssted: � b" in text
    (company,) = re.findall("Foretak: (x+)(?:…)\n", text)
    assert 50 < len(company) < 120


def test_an_amount_too_wide_for_its_column_gets_smaller_not_cut() -> None:
    assert "-999 999 999 999,99" in text_of(report([row(amount=1, fee=99_999_999_999_999)])).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"%PDF-1.", b"%PDX-1.", "not a whole PDF"),
        (b"/Root", b"/Boot", "not a whole PDF"),
        (b"5 0 obj", b"6 0 obj", "object 5 is not where"),
        (b"/Count 1", b"/Count 2", r"says \[2\] pages and has 1"),
        (b"/Type /Page\n", b"/Type /Pag2\n", r"says \[1\] pages and has 0"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, old: bytes, new: bytes, said: str) -> None:
    document = rendered_as(PDF, report([row()]))
    assert old in document
    (tmp_path / "a.pdf").write_bytes(document.replace(old, new))
    with pytest.raises(RenderingRefused, match=said):
        PDF.check(tmp_path / "a.pdf")


def test_a_damaged_stream_is_refused(tmp_path: Path) -> None:
    document = rendered_as(PDF, report([row()]))
    start = document.index(b"stream\n") + 60
    (tmp_path / "a.pdf").write_bytes(document[:start] + bytes([document[start] ^ 1]) + document[start + 1 :])
    with pytest.raises(RenderingRefused, match="decompress"):
        PDF.check(tmp_path / "a.pdf")


def test_the_font_is_installed_with_its_licence() -> None:
    checkout = Path(__file__).parents[2]
    shipped = tomllib.loads((checkout / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    room = checkout / "settlement_bridge" / "formats"
    files = {file.name for pattern in shipped["settlement_bridge.formats"] for file in room.glob(pattern)}
    assert files == {"DejaVuSans.ttf", "LICENSE"}


def test_it_says_what_the_published_sample_says(reference: Path) -> None:
    files = reference / "reference" / "settlement-files"
    (theirs,) = pypdf.PdfReader(files / "sportsklubb-16655.pdf").pages
    ours = text_of(read(files / "sportsklubb-16655.xml"))
    assert ours.split() == theirs.extract_text().split()
