"""Questions to a store that is filled, and to the Report API."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Place
from tests.cli.conftest import DAYS

LEDGER = "302400"
PAYOUT = "2000001"


def test_status_shows_every_ledger_and_the_last_run(synced: Place) -> None:
    done = synced.run("status")

    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["Ledger", "Payout", "Date", "Amount", "Balance", "State"]
    assert re.fullmatch(rf"{LEDGER} +\d{{7}} +2026-11-\d\d +\d+\.\d\d +\d+\.\d\d +NOK +ok *", lines[2])
    assert "The last run ended" in lines[-1]
    assert lines[-1].endswith("with exit code 0: all was well.")


def test_status_as_json(synced: Place) -> None:
    status = synced.run("status", "--json").json

    assert set(status) == {"last_run", "next_run", "worker", "files", "ledgers"}
    assert (status["next_run"], status["worker"]) == (None, None)
    assert status["last_run"]["exit_code"] == 0
    assert datetime.fromisoformat(status["last_run"]["finished"]).tzinfo
    (ledger,) = status["ledgers"]
    assert type(ledger["balance"]) is int
    assert type(ledger["last_payout"]["amount"]) is int
    assert (ledger["hold_reason"], ledger["waiting"], ledger["undelivered"]) == (None, [], [])
    assert status["files"] == {"delivered": len(synced.files())}


def test_status_before_the_first_run(webshop: Place) -> None:
    done = webshop.run("status")

    assert done.code == 0
    assert done.out == "0 files published. There was no run yet: settlement-bridge sync\n"


def test_ledgers_with_all_their_sales_units(synced: Place) -> None:
    done = synced.run("ledgers")

    assert done.code == 0
    assert [line[line.index("api:") :].strip() for line in done.out.splitlines()[2:]] == [
        "api:210001 Nordbakst Torggata",
        "api:210002 Nordbakst Grünerløkka",
        "api:210003 Bakst på Brygga",
    ]
    (ledger,) = synced.run("ledgers", "--json").json["ledgers"]
    assert ledger["ledger_id"] == LEDGER
    assert [unit["handle"] for unit in ledger["sales_units"]] == ["api:210001", "api:210002", "api:210003"]


def first_row(place: Place) -> Any:
    """A row of the first payout, found by the order id in its file."""
    text = next(path for path in place.published.rglob(f"*-{PAYOUT}.xml")).read_text(encoding="utf-8")
    order = re.search(r"<OrderID>(.+?)</OrderID>", text)
    assert order
    (row,) = place.run("find", order[1], "--json").json["found"]
    return row


def test_find_leads_from_an_order_to_payout_file_amount_and_date(synced: Place) -> None:
    row = first_row(synced)

    assert row["payout"] == int(PAYOUT)
    assert date.fromisoformat(row["settlement_date"])
    assert type(row["amount"]) is type(row["fee"]) is int
    (file,) = row["files"]
    path = Path(file.removeprefix("local:"))
    assert row["order_id"] in path.read_text(encoding="utf-8")

    done = synced.run("find", row["order_id"])
    assert done.code == 0
    assert f"payout       {PAYOUT}, {row['settlement_date']}" in done.out
    assert f"amount       {row['amount'] / 100:.2f} NOK, fee {row['fee'] / 100:.2f}" in done.out
    assert file in done.out


def test_find_knows_a_transaction_by_its_number_and_by_the_providers_reference(synced: Place) -> None:
    row = first_row(synced)

    for text in filter(None, (row["transaction_id"], row["mapped_from"])):
        assert row in synced.run("find", text, "--json").json["found"]


def test_nothing_found_says_what_was_searched(synced: Place) -> None:
    done = synced.run("find", "no\x1b[31msuch")

    assert done.code == 1
    assert done.out == ""
    assert "nothing found: no mirrored entry has 'no\\x1b[31msuch' as its order id" in done.err
    as_json = synced.run("find", "no such", "--json")
    assert (as_json.code, as_json.json) == (1, {"found": []})


@pytest.mark.parametrize("text", ["", "a" * 70_000], ids=["nothing", "much"])
def test_what_can_name_nothing_is_not_found(synced: Place, text: str) -> None:
    done = synced.run("find", text)

    assert done.code == 1
    assert "nothing found" in done.err


def test_render_writes_the_published_bytes_into_a_folder(synced: Place, tmp_path: Path) -> None:
    assert synced.run("render", LEDGER, PAYOUT, "--output", tmp_path).code == 0

    published = {path.name: path.read_bytes() for path in synced.published.rglob(f"*-{PAYOUT}.xml")}
    assert len(published) > 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == published


def test_render_asks_for_a_folder_where_there_are_several_files(synced: Place, tmp_path: Path) -> None:
    for output in ((), ("--output", tmp_path / "one.xml")):
        done = synced.run("render", LEDGER, PAYOUT, *output)

        assert done.code == 2
        assert done.out == ""
        assert "one for each sales unit: name an existing folder with --output" in done.err
    assert not list(tmp_path.iterdir())


def test_render_to_stdout_and_to_a_file(webshop: Place, tmp_path: Path) -> None:
    webshop.run("sync")
    (published,) = webshop.published.rglob(f"*-{PAYOUT}.xml")
    output = tmp_path / "one.xml"
    output.write_text("an older one")

    assert webshop.run("render", "302321", PAYOUT).out.encode() == published.read_bytes()
    assert webshop.run("render", "302321", PAYOUT, "--output", output).code == 0
    assert output.read_bytes() == published.read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["one.xml"]


@pytest.mark.parametrize(
    ("options", "name", "starts_with"),
    [
        (["xml", "--xml-version", "2.0"], "xml", b"http://vipps.dnb.no/XMLSchema/SettlementReport.xsd"),
        (["xml.zip"], "xml.zip", b"PK"),
        (["csv"], "csv", b"OrganizationNumber,MerchantName"),
        (["csv", "--csv-layout", "table"], "csv", b"Salgsdato,Salgssted"),
        (["xlsx"], "xlsx", b"PK"),
        (["pdf"], "pdf", b"%PDF"),
    ],
)
def test_render_in_every_format(
    synced: Place, tmp_path: Path, options: list[str], name: str, starts_with: bytes
) -> None:
    done = synced.run("render", LEDGER, PAYOUT, "--output", tmp_path, "--format", *options)

    assert done.code == 0, done.err
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == [f"{msn}-{PAYOUT}.{name}" for msn in ("210001", "210002", "210003")]
    assert all(starts_with in path.read_bytes()[:200] for path in files)


def test_render_refuses_a_variant_of_another_format(synced: Place) -> None:
    done = synced.run("render", LEDGER, PAYOUT, "--format", "xlsx", "--csv-layout", "table")

    assert done.code == 2
    assert "--csv-layout says which csv is meant, but the format is xlsx" in done.err


def test_render_does_not_replace_a_device(webshop: Place) -> None:
    webshop.run("sync")

    assert webshop.run("render", "302321", PAYOUT, "--output", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


def test_render_of_a_payout_there_is_not(synced: Place) -> None:
    done = synced.run("render", LEDGER, "1")

    assert done.code == 1
    assert f"ledger {LEDGER} has no payout 1" in done.err


def test_republish_brings_a_lost_file_back(webshop: Place) -> None:
    webshop.run("sync")
    (lost,) = webshop.published.rglob(f"*-{PAYOUT}.xml")
    before = lost.read_bytes()
    lost.unlink()
    assert webshop.run("sync", "--json").json["files"] == []

    done = webshop.run("republish", "302321", PAYOUT)

    assert done.code == 0
    assert done.out == f"published  local:{webshop.published}/{lost.relative_to(webshop.published)}\n"
    assert lost.read_bytes() == before


def test_republish_never_overwrites(webshop: Place) -> None:
    webshop.run("sync")
    (present,) = webshop.published.rglob(f"*-{PAYOUT}.xml")
    present.write_text("edited by hand")

    done = webshop.run("republish", "302321", PAYOUT, "--json")

    assert done.code == done.json["exit_code"] == 1
    assert [file["state"] for file in done.json["files"]] == ["refused"]
    assert present.read_text() == "edited by hand"


def test_resync_reads_a_ledger_again(webshop: Place) -> None:
    webshop.run("sync")

    done = webshop.run("resync", "302321")

    assert done.code == 0
    assert re.fullmatch(r"served     ledger 302321: \d+ entries read again; now run sync\n", done.out)
    as_json = webshop.run("resync", "302321", "--json")
    assert (as_json.code, as_json.json["exit_code"], as_json.json["state"]) == (0, 0, "served")
    assert webshop.run("sync", "--json").json["files"] == []
    assert len(webshop.files()) == DAYS


def test_resync_of_an_unknown_ledger(webshop: Place) -> None:
    done = webshop.run("resync", "1")

    assert done.code == 1
    assert "ledger 1" in done.err


@pytest.mark.parametrize(("urls", "code"), [("json://127.0.0.1:9", 0), ("foo://x", 78)])
def test_check_looks_at_the_addresses_of_alarms(synced: Place, urls: str, code: int) -> None:
    done = synced.run("check", SETTLEMENT_BRIDGE_NOTIFY__URLS=urls)

    assert done.code == code
    assert done.out.splitlines()[-1].startswith("ok     notify" if code == 0 else "WRONG  notify: notify.urls")


@pytest.mark.parametrize("json", [False, True])
def test_check_finds_everything_ready(synced: Place, json: bool) -> None:
    done = synced.run("check", *(["--json"] if json else []))

    assert done.code == 0
    if json:
        assert done.json["exit_code"] == 0
        assert all(set(one) == {"what", "ok", "sentence", "exit_code"} and one["ok"] for one in done.json["findings"])
    else:
        assert all(line.startswith("ok     ") for line in done.out.splitlines())
        assert "files can be published there" in done.out
        assert "register Enhetsregisteret: answers" in done.out
