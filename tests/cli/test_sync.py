"""A run as a person and as a program sees it."""

from datetime import date
from pathlib import Path

import pytest

from settlement_bridge.sandbox import scenario
from tests.cli.command import Place, served
from tests.cli.conftest import DAYS

FILES = [f"100716-{2000001 + day}.xml" for day in range(DAYS)]


def test_a_sync_prints_a_line_for_every_file_and_a_summary(webshop: Place) -> None:
    done = webshop.run("sync")

    assert done.code == 0
    assert done.err == ""
    *lines, summary = done.out.splitlines()
    assert [line.rpartition("/")[2] for line in lines] == FILES
    assert all(line.startswith(f"published  local:{webshop.published}/settlements/inbox/xml/") for line in lines)
    assert summary.startswith("1 ledger, ")
    assert summary.endswith(f"{DAYS} payouts settled, {DAYS} files published")
    assert webshop.files() == FILES


def test_a_second_sync_has_nothing_to_tell(webshop: Place) -> None:
    webshop.run("sync")

    assert webshop.run("sync").out == "1 ledger, 0 new entries, 0 payouts settled, 0 files published\n"


def test_json_has_stable_keys_and_amounts_in_minor_units(webshop: Place) -> None:
    done = webshop.run("sync", "--json")

    assert done.code == 0
    assert set(done.json) == {"dry_run", "exit_code", "ledgers", "files", "problems", "warnings"}
    (ledger,) = done.json["ledgers"]
    assert set(ledger) == {"ledger_id", "state", "reason", "new_entries", "payouts"}
    assert (ledger["ledger_id"], ledger["state"]) == ("302321", "served")
    payout = ledger["payouts"][0]
    assert set(payout) == {"payout", "state", "settlement_date", "amount", "reason", "warnings"}
    assert type(payout["amount"]) is int
    assert date.fromisoformat(payout["settlement_date"]) == date(2026, 11, 18)
    file = done.json["files"][0]
    assert set(file) == {"ledger_id", "payout", "destination", "path", "state", "reason"}
    assert (file["payout"], file["state"]) == (2000001, "delivered")
    assert [Path(each["path"]).name for each in done.json["files"]] == FILES


def test_a_dry_run_says_what_is_settled_and_publishes_nothing(webshop: Place) -> None:
    done = webshop.run("sync", "--dry-run")

    assert done.code == 0
    *lines, summary = done.out.splitlines()
    assert len(lines) == DAYS
    assert lines[0] == "settled    payout 2000001 of ledger 302321 (2026-11-18): 100716-2000001.xml"
    assert "nothing published: a dry run" in summary
    assert webshop.files() == []
    assert len(webshop.run("sync", "--json").json["files"]) == DAYS


def test_one_ledger_only(webshop: Place) -> None:
    unset = webshop.run("sync", "--ledger", "")
    assert (unset.code, webshop.files()) == (1, [])
    assert "ledger '' is not among" in unset.err

    assert webshop.run("sync", "--ledger", "302321").code == 0

    done = webshop.run("sync", "--ledger", "999999")

    assert done.code == 1
    assert done.out == ""
    assert "ledger 999999 is not among" in done.err


def test_a_ledger_that_cannot_be_true_is_held_with_its_sentence(tmp_path: Path) -> None:
    world = scenario("webshop", days=DAYS)
    with served(tmp_path / "place", world, "gap:path=/302321/,position=7,times=forever") as place:
        done = place.run("sync")

        assert done.code == 1
        held, summary = done.out.splitlines()
        assert held.startswith("held       ledger 302321: ")
        assert "balance" in held
        assert summary.endswith("1 held")
        assert place.files() == []
        (ledger,) = place.run("status", "--json").json["ledgers"]
        assert ledger["hold_reason"] in held
        assert ledger["held_at"].endswith("+00:00")
        table = place.run("status")
        assert table.code == 0
        assert " held" in table.out
        assert "ledger 302321: held since" in table.out


def test_a_file_whose_place_is_taken_is_refused(webshop: Place) -> None:
    webshop.run("sync", "--dry-run")
    other = next(iter(_organization_folders(webshop))) / "100716" / FILES[0]
    other.parent.mkdir(parents=True)
    other.write_text("somebody else's")

    done = webshop.run("sync")

    assert done.code == 1
    assert "refused    payout 2000001 of ledger 302321: " in done.out
    assert done.out.endswith("1 refused\n")
    assert other.read_text() == "somebody else's"
    assert "undelivered" in webshop.run("status").out


def _organization_folders(place: Place) -> list[Path]:
    (ledger,) = place.run("ledgers", "--json").json["ledgers"]
    return [place.published / "settlements/inbox/xml" / ledger["owner"]["id"]]


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_server_in_trouble_is_for_later(tmp_path: Path, json: tuple[str, ...]) -> None:
    with served(tmp_path / "place", scenario("webshop", days=1), "503:path=/report/,times=forever") as place:
        done = place.run("sync", *json)

        assert done.code == 75
        assert "try later" in done.out
        assert "503" in done.out
