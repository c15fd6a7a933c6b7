"""Files that are none, are broken, or were made to harm: one sentence, in bounded time and memory."""

import io
import socket
import zipfile
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement_bridge.errors import FileRefused
from settlement_bridge.model import FiledRow
from settlement_bridge.readers import MOST_SETTLEMENTS, SettlementFile, workbook
from settlement_bridge.readers.blocks import LONGEST_GAP, LOOSE_ELEMENT, MOST_LOOSE
from settlement_bridge.readers.csv_lines import LONGEST_LINE
from tests.formats.remake import golden_report
from tests.readers.files import FORMATS, read, rendered

XML = rendered("xml 3.0", golden_report())
TABLE = rendered("csv table", golden_report())
ROOT = b'<SettlementReport xmlns="http://vipps.no/xmlschema/SettlementReport-3.0.xsd">'


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def refusal(document: bytes) -> str:
    with pytest.raises(FileRefused) as caught:
        read(document)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (b"", "old: not a settlement file: it is empty, or its first line is"),
        (b"Dear accountant,\n", "old: not a settlement file: it begins with 'Dear accountant,'"),
        (b"\x00\xff\x80binary", "old: not a settlement file: neither XML, nor a zip archive, nor comma-separated"),
        (b"%PDF-1.7", "old: a PDF tells no transactions; take the xml, csv or xlsx of the same settlement"),
        (b"<html><body/></html>", "old: XML, but no SettlementReport of version 3.0 or 2.0: its root is 'html'"),
        (b"<not", "old: it begins like XML, but is none"),
        (ROOT + b"</SettlementReport>", "old: it has no SettlementInfo"),
        (zipped(a=XML, b=XML), "old: a zip archive with 2 members is no settlement file; an xml.zip has one"),
        (zipped(a=b"<html/>"), "old: XML, but no SettlementReport"),
        (zipped()[:-4], "old: not a whole zip archive"),
        (b"Salgsdato,Vippsnummer\n", "old: not a settlement file"),
    ],
)
def test_what_is_no_settlement_file_is_told_so(document: bytes, sentence: str) -> None:
    assert refusal(document).startswith(sentence)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b">299.00<", b">299,00<", "TransactionCaptureAmount is '299,00', which is no amount with two decimals"),
        (b">299.00<", b">299.001<", "TransactionCaptureAmount is '299.001'"),
        (b">299.00<", b"><", "TransactionCaptureAmount is ''"),
        (b"<SettlementID>2000001<", b"<SettlementID>two<", "SettlementID is 'two', which is no whole number"),
        (b"<SettlementDate>2026-03-29<", b"<SettlementDate>29/3<", "SettlementDate is '29/3', which is no date"),
        (b"01:59:59.999+01:00", b"01:59:59.999", "a time without its offset from UTC"),
        (b"01:59:59.999+01:00", b"noon", "TransactionTime is '2026-03-29Tnoon', which is no time"),
        (b"<SerialNumber>654321</SerialNumber>", b"", "a settlement without SettlementID or SerialNumber"),
    ],
)
def test_a_value_that_is_none_is_named_with_its_place(old: bytes, new: bytes, sentence: str) -> None:
    assert old in XML
    assert sentence in refusal(XML.replace(old, new, 1))


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_breaks_off_is_refused_or_does_not_add_up(name: str) -> None:
    document = rendered(name, golden_report())
    whole = read(document)
    for size in range(0, len(document) - 2, max(1, len(document) // 60)):
        try:
            said = read(document[:size])
        except FileRefused:
            continue
        assert name.startswith("csv"), size
        assert said != whole


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
def test_arbitrary_bytes_are_refused(document: bytes) -> None:
    refusal(document)


@settings(deadline=None, max_examples=150)
@given(name=st.sampled_from(list(FORMATS)), data=st.data())
def test_a_damaged_file_is_read_or_refused_but_never_crashes(name: str, data: st.DataObject) -> None:
    document = bytearray(rendered(name, golden_report()))
    for _ in range(data.draw(st.integers(1, 4))):
        document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(document))
    except FileRefused as refused:
        assert str(refused).startswith("old: ")


# Made to harm


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.setblocking(False)
        yield server


def with_document_type(declaration: bytes, text: bytes = b"&x;") -> bytes:
    body = XML[XML.index(b"<SettlementReport") :].replace(b"<OrderID>1001<", b"<OrderID>" + text + b"<")
    return b'<?xml version="1.0"?>\n' + declaration + body


def test_entities_are_refused_and_neither_files_nor_the_network_are_asked(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    for target in ("file:///etc/passwd", f"http://127.0.0.1:{port}/x"):
        declaration = f'<!DOCTYPE SettlementReport [<!ENTITY x SYSTEM "{target}">]>'
        assert "it has a document type declaration" in refusal(with_document_type(declaration.encode()))
    outside = f'<!DOCTYPE SettlementReport SYSTEM "http://127.0.0.1:{port}/x.dtd">'
    # Behind more than the beginning that is looked at first, too.
    for padding in (b"", b"<!--" + b" " * 70_000 + b"-->"):
        assert refusal(with_document_type(padding + outside.encode(), b""))
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_entities_in_the_parts_of_a_workbook_are_refused() -> None:
    whole = zipfile.ZipFile(io.BytesIO(rendered("xlsx", golden_report())))
    for harmed in ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        parts = {name: whole.read(name) for name in whole.namelist()}
        declaration, _, rest = parts[harmed].partition(b"?>")
        parts[harmed] = declaration + b"?><!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + rest
        assert "document type declaration" in refusal(zipped(**parts))


def test_a_billion_laughs_are_not_laughed() -> None:
    entities = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    bomb = b'<!DOCTYPE SettlementReport [<!ENTITY l0 "ha">' + entities + b"]>"
    assert refusal(with_document_type(bomb, b"&l9;"))
    assert refusal(with_document_type(b"<!--" + b" " * 70_000 + b"-->" + bomb, b"&l9;"))


def test_an_archive_that_grows_beyond_measure_is_refused() -> None:
    bomb = zipped(report=ROOT + b" " * 200_000_000)
    assert len(bomb) < 300_000
    assert "report would unpack to 200,000,077 bytes" in refusal(bomb)
    inner = zipped(**{"xl/workbook.xml": b"<workbook/>", "xl/_rels/workbook.xml.rels": b" " * 200_000_000})
    assert "would unpack to 200,000,000 bytes" in refusal(inner)


def test_elements_without_end_are_refused() -> None:
    junk = b"<a/>" * (MOST_LOOSE // LOOSE_ELEMENT + 2)
    assert b"<TransactionInfo>" in XML
    crowded = XML.replace(b"<TransactionInfo>", junk + b"<TransactionInfo>", 1)
    assert "too many elements that a settlement file does not have" in refusal(crowded)
    nested = XML.replace(b"<TransactionInfo>", b"<a>" + junk + b"</a><TransactionInfo>", 1)
    assert "too many elements that a settlement file does not have" in refusal(nested)
    assert "4,194,304 bytes without anything" in refusal(ROOT + b"<a/>" * (LONGEST_GAP // 4 + 20_000))


HEAD = ROOT + b"<SettlementDetailsInfo><SerialNumber>1</SerialNumber><PaymentsInfo>"
ROW = XML[XML.index(b"<TransactionInfo>") : XML.index(b"</TransactionInfo>") + len(b"</TransactionInfo>")]
JUNK = b"x" * 1_000_000


@pytest.mark.parametrize(
    ("between", "opened"),
    [
        (ROW + b"<a>" + JUNK + b"</a>", b"<SettlementInfo><SettlementID>1</SettlementID>"),
        (ROW + b"<a b='" + JUNK + b"'/>", b"<SettlementInfo><SettlementID>1</SettlementID>"),
        (ROW + b"<a xmlns:b='" + JUNK + b"'/>", b"<SettlementInfo><SettlementID>1</SettlementID>"),
        (b"<S><SettlementID>1</SettlementID>" + ROW + b"</S><a>" + JUNK + b"</a>", b""),
        (b"<P><SerialNumber>1</SerialNumber><S><SettlementID>1</SettlementID>" + ROW + b"</S></P>" + 20 * b"<a/>", b""),
    ],
)
def test_nothing_piles_up_between_rows_however_it_is_wrapped(between: bytes, opened: bytes) -> None:
    """Each of these once filled the memory with the whole file, row after row."""
    filled = HEAD + opened + between * (10 if len(between) > len(JUNK) else 1000)
    assert "too many elements that a settlement file does not have" in refusal(filled)


def test_comments_and_instructions_between_rows_are_left_out() -> None:
    talk = b"<!--" + JUNK + b"--><?a " + JUNK + b"?>"
    talkative = XML.replace(b"<TransactionInfo>", talk + b"<TransactionInfo>")
    assert len(talkative) > MOST_LOOSE + len(XML)
    assert read(talkative) == read(XML)
    said = XML.replace(b"<OrderID>", b"<OrderID><!-- and -->", 1)
    assert read(said) == read(XML)


def test_a_file_does_not_have_settlements_without_end() -> None:
    lines = rendered("csv table", golden_report()).decode().splitlines(keepends=True)
    cells = lines[1].split(",")
    cells[10] = "{}"
    document = lines[0] + "".join(",".join(cells).format(number) for number in range(MOST_SETTLEMENTS + 1))
    assert "more than 20,000 settlements, which no settlement file has" in refusal(document.encode())


def test_half_a_character_in_a_workbook_does_not_get_any_further() -> None:
    """Spreadsheets write what XML cannot hold as `_xD83D_`; no database takes half a character."""
    workbook_file = io.BytesIO(rendered("xlsx", golden_report()))
    with zipfile.ZipFile(workbook_file) as opened:
        parts = {name: opened.read(name) for name in opened.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    for written, is_read in ((b"_xD83D_9", "\ufffd9"), (b"_x0000_", "\ufffd"), (b"_xD83D__xDE00_", "😀")):
        changed = parts | {sheet: parts[sheet].replace(b">654321<", b">" + written + b"<")}
        assert {one.key.msn for one in read(zipped(**changed)) if isinstance(one, FiledRow)} == {is_read}


def test_strings_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_STRINGS", 1000)
    strings = b"<sst>" + b"<si><t>a</t></si>" * 1001 + b"</sst>"
    book = zipped(**{workbook.WORKBOOK: b"<workbook/>", "xl/sharedStrings.xml": strings})
    assert "xl/sharedStrings.xml holds more text than a settlement report has" in refusal(book)


def test_a_row_that_quotes_spread_over_lines_is_no_longer_than_a_line() -> None:
    spread = TABLE + b'"a\n' + b'","\n' * (LONGEST_LINE // 4)
    assert "a line is longer than 1,000,000 characters" in refusal(spread)


def test_a_character_that_not_every_database_takes_is_refused() -> None:
    assert "the character NUL" in refusal(TABLE.replace(b"654321", b"654\x00321", 1))


def test_a_line_without_end_is_refused() -> None:
    assert "a line is longer than 1,000,000 characters" in refusal(TABLE + b"x" * LONGEST_LINE)


def test_a_reading_that_nobody_finishes_lets_go_of_its_file() -> None:
    stream = io.BytesIO(rendered("csv sections", golden_report()))
    file = SettlementFile(stream, "old")
    next(iter(file.read()))
    assert not stream.closed


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_reading_that_outlives_its_file_ends_in_silence() -> None:
    stream = io.BytesIO(rendered("csv sections", golden_report()))
    reading = SettlementFile(stream, "old").read()
    next(reading)
    stream.close()
    del reading
