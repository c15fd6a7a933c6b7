import io
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats import settlement_xml, xml_check
from settlement_bridge.formats.settlement_xml import SettlementXml
from tests.formats.reports import rendered, report, row

CHECK = settlement_xml.SCHEMA_CHECK
SMALL = rendered(report([row(n) for n in range(12)], [row(20)], [row(n, order_id="a & b") for n in range(30, 38)]))
ROWS = 3_000
LARGE = rendered(report([row(n) for n in range(ROWS)]))


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut already files of a few rows."""
    monkeypatch.setattr(xml_check, "SMALL", 1_500)
    monkeypatch.setattr(xml_check, "PIECE", 1_500)
    monkeypatch.setattr(xml_check, "LONGEST_PIECE", 6_000)
    monkeypatch.setattr(xml_check, "_FRAME", 1_400)


class Named(io.BytesIO):
    """A document that also lies on disk, so that lines can be counted."""

    def __init__(self, path: Path, document: bytes) -> None:
        super().__init__(document)
        path.write_bytes(document)
        self.name = str(path)


def verdicts(path: Path, document: bytes) -> tuple[bool, bool]:
    """Return what the pieces conclude and what one reading of the whole says."""
    file = Named(path, document)
    surely_valid = CHECK.suspicion(file, len(document)) is None
    return surely_valid, CHECK.fault_in_whole(file) is None


PARTS = (
    b"<TransactionInfo>",
    b"</TransactionInfo>",
    b"<TransactionInfo >",
    b"</TransactionInfo>\n        <TransactionInfo>",
    b"<SettlementInfo>",
    b"</SettlementInfo>",
    b"<OrderID/>",
    b"<OrderID>x",
    b"</OrderID>",
    b"<!-- ",
    b" -->",
    b"<![CDATA[",
    b"]]>",
    b"<?pi ",
    b"?>",
    b"<!DOCTYPE SettlementReport>",
    b"&amp;",
    b"&x;",
    b"&#0;",
    b'<OrderID xmlns="other">',
    b'<TransactionInfo xmlns="http://vipps.no/xmlschema/SettlementReport-3.0.xsd">',
    b'<q:OrderID xmlns:q="http://vipps.no/xmlschema/SettlementReport-3.0.xsd">',
    b'xml:lang="no"',
    b"\xff",
    b"\x00",
    b"\xc3\xa6",
    b" ",
    b"1e3",
    b"-0.00",
)
Change = tuple[int, int, bytes]
CHANGES = st.lists(
    st.tuples(st.integers(0, len(SMALL)), st.sampled_from([0, 0, 1, 7, 17, 18, 400]), st.sampled_from((b"", *PARTS))),
    max_size=4,
)


def changed(document: bytes, changes: list[Change]) -> bytes:
    for place, length, part in changes:
        document = document[:place] + part + document[place + length :]
    return document


def at(tag: bytes, occurrence: int = 0) -> int:
    place = -1
    for _ in range(occurrence + 1):
        place = SMALL.index(tag, place + 1)
    return place


@pytest.mark.usefixtures("small_pieces")
def test_an_unchanged_file_is_cut_and_surely_valid(tmp_path: Path) -> None:
    assert verdicts(tmp_path / "file.xml", SMALL) == (True, True)


@pytest.mark.usefixtures("small_pieces")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400)
@given(changes=CHANGES)
@example(changes=[])
@example(changes=[(at(b"</OrderID>", 2), 0, b"&amp;")])
@example(changes=[(at(b"</SettlementInfo>"), 0, b"<TransactionInfo>")])
def test_what_the_pieces_accept_the_whole_accepts(tmp_path: Path, changes: list[Change]) -> None:
    surely_valid, valid = verdicts(tmp_path / "file.xml", changed(SMALL, changes))
    assert valid or not surely_valid


@pytest.mark.usefixtures("small_pieces")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(data=st.data(), action=st.sampled_from(["drop", "double", "swap", "rename"]))
def test_lines_taken_away_doubled_swapped_and_renamed(tmp_path: Path, data: st.DataObject, action: str) -> None:
    lines = SMALL.splitlines(keepends=True)
    one = data.draw(st.integers(2, len(lines) - 1))
    other = data.draw(st.integers(2, len(lines) - 1))
    if action == "drop":
        del lines[one]
    elif action == "double":
        lines.insert(other, lines[one])
    elif action == "swap":
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines[one] = lines[one].replace(b"Transaction", b"Settlement").replace(b"Order", b"Transaction")
    surely_valid, valid = verdicts(tmp_path / "file.xml", b"".join(lines))
    assert surely_valid == valid


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d.replace(b"<Name>", b"<Name><!-- x -->"), id="comment behind the rows"),
        pytest.param(lambda d: d.replace(b"<SerialNumber>", b"<!-- x --><SerialNumber>"), id="comment before the rows"),
        pytest.param(lambda d: d.replace(b"<OrderID>order", b"<OrderID><![CDATA[order]]>"), id="cdata in rows"),
        pytest.param(
            lambda d: d.replace(b"<OrderID>order", b"<OrderID><!-- </TransactionInfo> <TransactionInfo> -->order"),
            id="rows in comments",
        ),
        pytest.param(lambda d: d.replace(b"\n        <TransactionInfo>", b"\r\n<TransactionInfo>"), id="white space"),
        pytest.param(lambda d: d.replace(b"<TransactionInfo>", b"<TransactionInfo >"), id="no row as written"),
        pytest.param(lambda d: d.replace(b"<OrderID>order", b"<OrderID>xmlns"), id="xmlns in a text"),
        pytest.param(lambda d: d.replace(b'"yes"?>\n', b'"yes"?>'), id="other opening"),
        pytest.param(
            lambda d: rendered(report(*([row(n)] for n in range(40)))), id="no two rows of the same settlement"
        ),
    ],
)
def test_an_unusual_layout_is_no_reason_to_refuse(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "unusual.xml"
    path.write_bytes(change(SMALL))
    CHECK(path)


def one_row() -> bytes:
    start = SMALL.index(b"<TransactionInfo>")
    return SMALL[start : SMALL.index(b"</TransactionInfo>") + len(b"</TransactionInfo>\n        ")]


def with_rows(rows: bytes) -> bytes:
    head, tail = SMALL[: SMALL.index(b"<TransactionInfo>")], SMALL[SMALL.rindex(b"</TransactionInfo>") + 18 :]
    return head + rows + tail


def a_prefix_that_only_the_first_settlement_declares() -> bytes:
    own = settlement_xml.NAMESPACE.encode()
    document = SMALL.replace(b"<SettlementInfo>", b'<SettlementInfo xmlns:q="' + own + b'">', 1)
    last = document.rindex(b"<OrderID>")
    return document[:last] + document[last:].replace(b"OrderID>", b"q:OrderID>")


def a_comment_opened_before_the_rows() -> bytes:
    """Hides the start of every piece when read by itself, but only that of the first in the file."""
    row = one_row().replace(b"<OrderID>", b"<OrderID>" + b"x" * (1_400 - len(one_row())))
    return with_rows((b"<TransactionInfo>-->" + row) * 4).replace(b"<TransactionInfo>", b"<!--<TransactionInfo>", 1)


def an_instruction_closed_behind_the_rows() -> bytes:
    """Ends at the tail when the piece is read by itself, in the next row in the file."""
    hidden = b"<?p </TransactionInfo>\n        <TransactionInfo><!-- ?> -->"
    row = one_row()
    rows = row * 2 + hidden + row.removeprefix(b"<TransactionInfo>") + row
    return with_rows(rows).replace(b"<NumOfTransactions>", b"<?q?><NumOfTransactions>")


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    "document",
    [
        a_prefix_that_only_the_first_settlement_declares,
        a_comment_opened_before_the_rows,
        an_instruction_closed_behind_the_rows,
    ],
)
def test_what_is_right_in_pieces_but_wrong_in_the_file_is_refused(
    tmp_path: Path, document: Callable[[], bytes]
) -> None:
    assert verdicts(tmp_path / "file.xml", document()) == (False, False)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"<SettlementID>2000001", b"<SettlementID>first", "Element 'SettlementID': 'first' is not a valid value"),
        (f"<TransactionID>{5_000_000_000 + 2_500}".encode(), b"<TransactionID>x", "Element 'TransactionID': 'x' is"),
        (b"<NumOfTransactions>", b"<NumOfTransactions>x", "'x3000' is not a valid value"),
        (b"</SettlementReport>\n", b"", "Premature end of data in tag SettlementReport"),
        (b"<Name>Vipps AS", b"<Name>\x01", "invalid Char value 1"),
    ],
    ids=["before the rows", "in a row", "behind the rows", "broken off", "forbidden character"],
)
def test_a_fault_in_a_large_file_is_named_with_its_line(tmp_path: Path, old: bytes, new: bytes, reason: str) -> None:
    path = tmp_path / "654321-2000001.xml"
    before, found, after = LARGE.partition(old)
    assert found
    path.write_bytes(before + new + after)
    line = before.count(b"\n") + 1
    with pytest.raises(RenderingRefused, match=rf"654321-2000001\.xml, line {line}: .*{reason}"):
        SettlementXml().check(path)


def test_a_file_that_breaks_off_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken-off.xml"
    end = LARGE.rindex(b">")
    for length in (0, 1, 100, 1_000, 300_000, len(LARGE) // 2, len(LARGE) - 2_000, end):
        path.write_bytes(LARGE[:length])
        with pytest.raises(RenderingRefused):
            CHECK(path)


@pytest.mark.parametrize("document", [SMALL, LARGE], ids=["small", "large"])
def test_a_document_type_is_refused(tmp_path: Path, document: bytes) -> None:
    secret = tmp_path / "secret"
    secret.write_text("NOK")
    path = tmp_path / "typed.xml"
    declaration = f'?>\n<!DOCTYPE SettlementReport [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'.encode()
    path.write_bytes(document.replace(b"?>", declaration, 1).replace(b">NOK<", b">&x;<", 1))
    with pytest.raises(RenderingRefused):
        CHECK(path)
    path.write_bytes(document.replace(b"?>", b"?>\n<!DOCTYPE SettlementReport>", 1))
    with pytest.raises(RenderingRefused, match="line 1: a settlement file has no document type declaration"):
        CHECK(path)


def test_several_threads_may_check_at_once(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_bytes(LARGE)
    bad.write_bytes(SMALL.replace(b"NOK</SettlementCurrencyCode>", b"NOK</SettlementCurrencyCode><x/>", 1))
    start = threading.Barrier(4)

    def refused(path: Path) -> bool:
        start.wait(30)
        try:
            CHECK(path)
        except RenderingRefused:
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(refused, [good, bad, good, bad])) == [False, True, False, True]


_PEAK = """
import re, sys
from pathlib import Path
from settlement_bridge.formats.settlement_xml import SCHEMA_CHECK

small, large = Path(sys.argv[1]), Path(sys.argv[2])
peaks = []
for path in (small, large):
    with path.open("rb") as file:
        SCHEMA_CHECK.fault_in_whole(file)
    peaks.append(int(re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
print(peaks[1] - peaks[0])
"""


@pytest.mark.parametrize("junk", [b"<!--%b-->", b"<?x %b?>", b"<x>%b</x>", b"%b"])
def test_what_stands_behind_the_rows_does_not_pile_up(tmp_path: Path, junk: bytes) -> None:
    end = b"</SettlementInfo>"
    section = SMALL[SMALL.index(b"<SettlementInfo>") : SMALL.index(end)] + junk % (b" " * 1_000_000) + end
    head, tail = SMALL[: SMALL.index(b"<SettlementInfo>")], SMALL[SMALL.rindex(end) + len(end) :]
    small, large = tmp_path / "small.xml", tmp_path / "large.xml"
    small.write_bytes(head + section + tail)
    large.write_bytes(head + section * 80 + tail)

    done = subprocess.run(
        [sys.executable, "-c", _PEAK, small, large], capture_output=True, text=True, check=True, timeout=60
    )

    assert int(done.stdout) < 20, "MiB more for a file of 80 MiB"


def test_many_threads_may_load_the_first_schema_at_once() -> None:
    """In processes of their own: without a lock, one in five dies or can load no schema any more."""
    code = (
        "import threading\n"
        "from settlement_bridge.formats.settlement_xml import SCHEMA_CHECK\n"
        "together, loaded = threading.Barrier(8), []\n"
        "def load():\n"
        "    together.wait()\n"
        "    with SCHEMA_CHECK._validator():\n"
        "        loaded.append(True)\n"
        "threads = [threading.Thread(target=load) for _ in range(8)]\n"
        "[thread.start() for thread in threads], [thread.join() for thread in threads]\n"
        "assert len(loaded) == 8\n"
    )
    for _ in range(30):
        done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
