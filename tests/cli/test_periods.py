"""`report` and `open`, by the real command."""

import json
import re
from pathlib import Path

import pytest

from settlement_bridge.sandbox import recorded
from tests.books import Books, ledger_of
from tests.cli.command import Place, served
from tests.recording import record

MSN = "210001"
PERIOD = ("--from", "2026-11-01", "--to", "2026-11-30")


def published(place: Place) -> int:
    """How many settlements of the sales unit there are."""
    return len([name for name in place.files() if name.startswith(f"{MSN}-")])


def test_report_writes_a_file_with_all_settlements_of_the_period(synced: Place, tmp_path: Path) -> None:
    done = synced.run("report", MSN, *PERIOD, "--format", "xlsx", "--output", tmp_path)

    assert (done.code, done.out) == (0, "")
    (file,) = tmp_path.iterdir()
    assert file.name == f"{MSN}-2026-11-01-2026-11-30.xlsx"
    inspected = synced.run("inspect", file, "--json").json
    assert inspected["adds_up"]
    assert len(inspected["settlements"]) == (count := published(synced))
    assert f"identical in {count} of {count} settlements (1 file, " in synced.run("compare", file).out


def test_report_to_stdout(synced: Place) -> None:
    done = synced.run("report", MSN, *PERIOD)

    assert (done.code, done.err) == (0, "")
    assert f"<NumOfSettlements>{published(synced)}</NumOfSettlements>" in done.out
    assert "<ReportDateFrom>2026-11-01</ReportDateFrom>" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ((MSN, "--from", "2026-11-30", "--to", "2026-11-01"), 2, "--to 2026-11-01 comes before --from 2026-11-30"),
        ((MSN, "--from", "30.11.2026", "--to", "2026-11-01"), 2, "'30.11.2026' does not match the format"),
        ((MSN, "--from", "2001-01-01", "--to", "2001-12-31"), 1, f"sales unit {MSN} has no settlement from 2001-01-01"),
        (("12", *PERIOD), 1, "this store has no settlement of sales unit 12; settlement-bridge ledgers lists"),
        ((MSN, *PERIOD, "--csv-layout", "table"), 2, "--csv-layout says which csv is meant, but the format is xml"),
    ],
)
def test_report_refuses_in_one_sentence(synced: Place, arguments: tuple[str, ...], code: int, sentence: str) -> None:
    done = synced.run("report", *arguments)

    assert (done.code, done.out) == (code, "")
    assert sentence in done.err


def test_report_leaves_out_what_waits_for_its_fees_and_says_so(tmp_path: Path) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    books.capture("A-2", 100_00, 2_00)
    books.retained_on_funds(2_00)
    books.payout()
    record(books, tmp_path / "recorded")
    with served(tmp_path / "place", recorded(tmp_path / "recorded")) as place:
        assert place.run("sync").code == 0
        done = place.run("report", "100001", "--from", "2025-01-01", "--to", "2025-01-31")
    assert done.code == 75
    assert "payout 2000002 (2025-01-07) is left out, it is waiting: " in done.err
    assert "<NumOfSettlements>1</NumOfSettlements>" in done.out


def test_report_over_a_sales_unit_that_moved_holds_one_ledger_only(tmp_path: Path) -> None:
    for number, ledger_id in enumerate(("302400", "302500")):
        books = Books(ledger_of(ledger_id=ledger_id)).next_day(7 * number)
        for _ in range(2):
            books.capture("A-1", 100_00, 2_00)
            books.end_of_day()
        record(books, tmp_path / "recorded" / ledger_id)
    with served(tmp_path / "place", recorded(tmp_path / "recorded")) as place:
        done = place.run("sync")
        assert done.code == 1
        assert "payout 2000001 of ledger 302500" in done.err + done.out

        done = place.run("report", "100001", "--from", "2025-01-01", "--to", "2025-01-31")
        assert (done.code, done.out) == (1, "")
        assert "two settlements 2000001, of 2025-01-06 on ledger 302400 and of 2025-01-13 on ledger 302500" in done.err

        for first, last in (("2025-01-01", "2025-01-12"), ("2025-01-13", "2025-01-31")):
            file = tmp_path / f"{first}.csv"
            period = ("--from", first, "--to", last)
            assert place.run("report", "100001", *period, "--format", "csv", "--output", file).code == 0
            inspected = place.run("inspect", file, "--json").json
            assert inspected["adds_up"]
            assert len(inspected["settlements"]) == 2


def test_open_shows_entries_with_the_running_balance(webshop: Place) -> None:
    webshop.run("sync")
    done = webshop.run("open", "302321")

    assert done.code == 0
    lines = done.out.splitlines()
    assert re.match(r"ledger 302321, since the payout of \d+\.\d\d on 2026-11-\d\d$", lines[0])
    assert lines[1].split() == ["Date", "Type", "Amount", "Balance", "Reference"]
    found = json.loads(webshop.run("open", "302321", "--json").out)
    assert len(lines) >= 4 + len(found["entries"])
    balance = found["opening"]
    for entry in found["entries"]:
        balance += entry["amount"]
        assert entry["balance"] == balance
    assert balance == found["balance"] == webshop.run("status", "--json").json["ledgers"][0]["balance"]


def test_open_of_a_ledger_there_is_not(synced: Place) -> None:
    done = synced.run("open", "1")

    assert (done.code, done.out) == (1, "")
    assert "no ledger 1 is known here" in done.err
