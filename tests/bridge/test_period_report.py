"""One file over a period: the settlements in it, the days on it, and what cannot be in it."""

import io
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pypdf
import pytest
from lxml import etree

from settlement_bridge.bridge.format_choice import XML, FormatChoice
from settlement_bridge.bridge.handover import report_over
from settlement_bridge.bridge.period_report import Period, period_report
from settlement_bridge.comparison import contents
from settlement_bridge.errors import NotFound
from settlement_bridge.formats import EXTENSIONS
from settlement_bridge.model import Filed, FiledRow, FiledTotals, PayoutState
from settlement_bridge.sandbox import Sandbox, recorded, scenario
from settlement_bridge.store import Store
from tests.bridge.conftest import LATER, Run, bridge_settings
from tests.bridge.test_replay import settings_for
from tests.readers.files import FORMATS, read

WEBSHOP = Period(date(2026, 11, 1), date(2026, 11, 30))


def written(report: Any) -> bytes:
    stream = io.BytesIO()
    report.write(stream)
    return stream.getvalue()


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_the_published_sample_comes_back_whole_dates_included(
    reference: Path, tmp_path: Path, run: Run, store: Store, dialect: Any
) -> None:
    recording = reference / "reference" / "replay" / "example-net"
    configured = settings_for(recording, tmp_path / "importers")
    with Sandbox(recorded(recording), dialect=dialect) as sandbox:
        assert run(sandbox, configured).exit_code == 0
    period = Period(date(2018, 2, 25), date(2018, 3, 14))
    made = tmp_path / "made.xml"
    made.write_bytes(written(period_report(store, configured, "100716", period, XML, LATER)))

    sample = reference / "reference" / "settlement-files" / "example-net.xml"
    compare = reference / "conformance" / "compare_settlement_xml.py"
    done = subprocess.run(
        [sys.executable, compare, sample, made], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.startswith("same: "), done.stdout + done.stderr
    for name in ("ReportDateFrom", "ReportDateTo"):  # which that comparison leaves free
        assert etree.parse(made).findtext(f".//{{*}}{name}") == etree.parse(sample).findtext(f".//{{*}}{name}")


def without_lines(document: bytes) -> list[Filed]:
    """What a file says, wherever in it; readers do not look at the product, which the API does not tell."""
    return [each._replace(line=0) if isinstance(each, FiledRow) else each for each in read(document)]


def test_every_published_sample_of_one_settlement_comes_back(
    reference: Path, tmp_path: Path, run: Run, store: Store
) -> None:
    recording, samples = (reference / "reference" / name for name in ("replay/sportsklubb", "settlement-files"))
    configured = settings_for(recording, tmp_path / "importers")
    with Sandbox(recorded(recording)) as sandbox:
        assert run(sandbox, configured).exit_code == 0
    period = Period(date(2018, 9, 3), date(2018, 9, 23))
    made = {
        extension: written(period_report(store, configured, "16655", period, FormatChoice(extension), LATER))
        for extension in ("xml", "xlsx", "pdf")
    }
    for extension in ("xml", "xlsx"):
        sample = (samples / f"sportsklubb-16655.{extension}").read_bytes()
        assert without_lines(made[extension]) == without_lines(sample)
    (theirs,) = pypdf.PdfReader(samples / "sportsklubb-16655.pdf").pages
    (ours,) = pypdf.PdfReader(io.BytesIO(made["pdf"])).pages
    assert ours.extract_text().split() == theirs.extract_text().split()


@pytest.fixture
def webshop(run: Run, store: Store) -> Store:
    with Sandbox(scenario("webshop", days=12)) as sandbox:
        assert run(sandbox, bridge_settings()).exit_code == 0
    return store


CHOICES = {
    "xml 3.0": XML,
    "xml 2.0": FormatChoice("xml", xml_version="2.0"),
    "xml.zip 3.0": FormatChoice("xml.zip"),
    "csv sections": FormatChoice("csv"),
    "csv table": FormatChoice("csv", csv_layout="table"),
    "xlsx": FormatChoice("xlsx"),
    "pdf": FormatChoice("pdf"),
    "camt.053.xml": FormatChoice("camt.053.xml"),
}


def test_every_format_is_tried() -> None:
    assert {choice.extension for choice in CHOICES.values()} == set(EXTENSIONS)
    assert FORMATS.keys() < CHOICES.keys()


@pytest.mark.parametrize("name", CHOICES)
def test_a_period_holds_the_settlements_dated_in_it_and_no_others(name: str, webshop: Store, tmp_path: Path) -> None:
    (ledger,) = webshop.ledgers.all()
    msn = ledger.ledger.handles[0].partition(":")[2]
    every = [one.settlement for one in webshop.settlements.of_sales_unit(msn)]
    period = Period(every[3].settlement_date, every[7].settlement_date)
    report = period_report(webshop, bridge_settings(), msn, period, CHOICES[name], LATER)
    expected = [one for one in every if period.first <= one.settlement_date <= period.last]
    assert [one.payout for one in report.settlements] == [one.payout for one in expected]
    assert report.left_out == ()
    assert report.file_name == f"{msn}-{period.first}-{period.last}.{CHOICES[name].extension}"

    path = tmp_path / report.file_name
    path.write_bytes(written(report))
    CHOICES[name].form().check(path)
    if name not in FORMATS:
        return
    found = contents(read(path.read_bytes()))
    assert found.adds_up, found.slips
    assert [(one.key.payout, one.rows.count, one.rows.net) for one in found.settlements] == [
        (one.payout, one.totals.count, one.totals.net) for one in expected
    ]
    stated = found.settlements[0].stated
    assert stated
    assert (stated.date_from or period.first, stated.date_to or period.last) == (period.first, period.last)


def test_control_sums_cover_the_whole_period(webshop: Store) -> None:
    msn = webshop.ledgers.all()[0].ledger.handles[0].partition(":")[2]
    every = [one.settlement for one in webshop.settlements.of_sales_unit(msn)]
    period = Period(every[0].settlement_date, every[-1].settlement_date)
    document = written(period_report(webshop, bridge_settings(), msn, period, CHOICES["xml 2.0"], LATER))
    (totals,) = (each for each in read(document) if isinstance(each, FiledTotals))
    assert totals == FiledTotals(
        settlements=len(every),
        gross=sum(one.totals.gross for one in every),
        refunds=sum(one.totals.refunds for one in every),
        fees=sum(one.totals.fees for one in every),
        net=sum(one.totals.net for one in every),
    )


def test_a_period_without_settlements_says_what_there_is(webshop: Store) -> None:
    msn = webshop.ledgers.all()[0].ledger.handles[0].partition(":")[2]
    with pytest.raises(
        NotFound, match=rf"sales unit {msn} has no settlement from 2001-01-01 to 2001-01-31; its first "
    ):
        period_report(webshop, bridge_settings(), msn, Period(date(2001, 1, 1), date(2001, 1, 31)), XML, LATER)
    with pytest.raises(NotFound, match="this store has no settlement of sales unit 9"):
        period_report(webshop, bridge_settings(), "9", WEBSHOP, XML, LATER)


def test_a_payout_that_is_withheld_is_named_and_left_out(webshop: Store) -> None:
    (ledger,) = webshop.ledgers.all()
    msn = ledger.ledger.handles[0].partition(":")[2]
    first, second, *_ = webshop.settlements.of_sales_unit(msn)
    record = webshop.settlements.payout(ledger.ledger.ledger_id, first.settlement.payout)
    webshop.settlements.relinked(replace(record, state=PayoutState.WITHHELD, reason="not all of it is known"))
    period = Period(first.settlement.settlement_date, second.settlement.settlement_date)
    report = period_report(webshop, bridge_settings(), msn, period, XML, LATER)
    assert [one.payout.number for one in report.left_out] == [first.settlement.payout]
    assert [one.payout for one in report.settlements] == [second.settlement.payout]


def test_the_head_is_of_the_latest_settlement(webshop: Store) -> None:
    msn = webshop.ledgers.all()[0].ledger.handles[0].partition(":")[2]
    one, other, *_ = webshop.settlements.of_sales_unit(msn)
    later = replace(other.settlement, bank_account="2", merchant=replace(other.settlement.merchant, city="BERGEN"))
    report = report_over(webshop, [one, replace(other, settlement=later)], bridge_settings())
    assert (report.merchant, report.bank_account) == (later.merchant, "2")
    assert (report.date_from, report.date_to) == (one.settlement.date_from, later.settlement_date)


def test_a_payout_that_waits_is_named_and_left_out(webshop: Store) -> None:
    (ledger,) = webshop.ledgers.all()
    msn = ledger.ledger.handles[0].partition(":")[2]
    last = webshop.settlements.last_payout(ledger.ledger.ledger_id)
    assert last
    number = last.payout.number + 1
    waits = replace(last, payout=replace(last.payout, number=number), state=PayoutState.WAITING, reason="fees")
    webshop.settlements.keep_waiting(waits)
    period = Period(last.payout.ledger_date, last.payout.ledger_date)
    report = period_report(webshop, bridge_settings(), msn, period, XML, LATER)
    assert [record.payout.number for record in report.left_out] == [number]
    assert [one.payout for one in report.settlements] == [last.payout.number]
