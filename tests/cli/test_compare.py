"""Old files against the bridge, by the real command."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import Place, command_line, environment

LEDGER = "302400"
FORMATS = [
    ["xml"],
    ["xml", "--xml-version", "2.0"],
    ["xml.zip"],
    ["csv"],
    ["csv", "--csv-layout", "table"],
    ["xlsx"],
]


@pytest.fixture
def archive(synced: Place, tmp_path: Path) -> Path:
    """What was published, as if the old service had."""
    return Path(shutil.copytree(synced.published, tmp_path / "old"))


def transactions(place: Place, pattern: str) -> int:
    """How many rows the published files have."""
    return sum(path.read_text(encoding="utf-8").count("<TransactionInfo>") for path in place.published.rglob(pattern))


def test_a_whole_folder_is_identical(synced: Place, archive: Path) -> None:
    files = len(synced.files())
    (archive / "notes.txt").write_text("not ours")
    (archive / ".hidden.xml").write_text("a draft")

    done = synced.run("compare", archive)

    assert (done.code, done.err) == (0, "")
    counted = f"{files} files, {transactions(synced, '*.xml')} transactions; 1 other file left aside"
    assert done.out == f"identical in {files} of {files} settlements ({counted})\n"


def test_every_format_is_identical_to_what_would_be_rendered(synced: Place, tmp_path: Path) -> None:
    for number, options in enumerate(FORMATS):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert synced.run("render", LEDGER, "2000001", "--output", folder, "--format", *options).code == 0

    done = synced.run("compare", tmp_path)

    rows = len(FORMATS) * transactions(synced, "*-2000001.xml")
    assert done.out == f"identical in 18 of 18 settlements (18 files, {rows} transactions)\n"
    assert done.code == 0


def tampered(archive: Path, pattern: str, replacement: str) -> Path:
    file = next(archive.rglob("210001-2000001.xml"))
    text, times = re.subn(pattern, replacement, file.read_text(encoding="utf-8"), count=1)
    assert times == 1
    file.write_text(text, encoding="utf-8")
    return file


def test_a_difference_in_money_is_named_with_file_field_and_both_values(synced: Place, archive: Path) -> None:
    file = tampered(archive, "<FeeSettlementAmount>[0-9.]+<", "<FeeSettlementAmount>0.07<")

    done = synced.run("compare", archive)

    assert done.code == 1
    (line,) = [line for line in done.out.splitlines() if str(file) in line]
    assert re.search(r"210001 +2000001 +fees +0\.07 +[0-9]+\.[0-9]{2}", line)
    assert "1 with differences in money, transactions or facts" in done.out
    assert f"{file}: the old file does not add up: it states fees of 0.07" in done.err


def test_a_missing_row_is_named(synced: Place, archive: Path) -> None:
    file = tampered(archive, "(?s)<TransactionInfo>.*?</TransactionInfo>", "")

    found = synced.run("compare", file, "--json").json

    ((one,),) = [each["settlements"] for each in found["files"]]
    (missing,) = [each for each in one["differences"] if each["grade"] == "rows"]
    assert missing["field"] == "transaction only in the new file"
    assert missing["transaction"]["transaction_id"]
    assert type(missing["new"]) is int
    assert (found["exit_code"], found["different"], found["identical"]) == (1, 1, 0)


def test_names_and_addresses_are_told_apart_and_become_configuration(synced: Place, archive: Path) -> None:
    file = tampered(archive, "<MainAddress>.*?</MainAddress>|<MainAddress/>", '<MainAddress>Torget "B"</MainAddress>')

    done = synced.run("compare", file)

    assert done.code == 0
    assert "identical in 0 of 1 settlement, 1 with other names or addresses only (1 file, " in done.out
    assert "[organizations." in done.out
    assert 'address = "Torget \\"B\\""' in done.out


def test_a_settlement_that_is_not_here_says_what_is(synced: Place, archive: Path) -> None:
    file = tampered(archive, "<SettlementID>2000001<", "<SettlementID>2000900<")
    stranger = tampered(archive, "<SerialNumber>210001<", "<SerialNumber>999<")
    assert stranger == file

    done = synced.run("compare", file)

    assert done.code == 1
    assert "settlement 2000900 was not compared: this store has no settlement of sales unit 999" in done.err

    tampered(archive, "<SerialNumber>999<", "<SerialNumber>210001<")
    assert "this store has no payout 2000900 of sales unit 210001, only 2000001 (" in synced.run("compare", file).err


def test_patterns_several_files_and_what_is_none(synced: Place, archive: Path) -> None:
    broken = archive / "broken.xml"
    broken.write_text("<SettlementReport")

    done = synced.run("compare", str(archive / "**" / "*-2000001.xml"), broken)

    assert done.code == 1
    assert f"{broken}: it begins like XML, but is none" in done.err
    assert "identical in 3 of 3 settlements (4 files, " in done.out


def test_a_file_that_cannot_be_opened_stops_no_other(synced: Place, archive: Path) -> None:
    (archive / "0.xml").symlink_to("0.xml")

    done = synced.run("compare", str(archive / "*.xml"), archive)

    assert done.code == 1
    assert done.err == f"{archive}/0.xml: Too many levels of symbolic links\n"
    assert "identical in" in done.out


@pytest.mark.parametrize("name", ["nowhere.xml", "no/such/*.xml"])
def test_nothing_there_is_one_sentence(synced: Place, name: str) -> None:
    done = synced.run("compare", name)

    assert (done.code, done.out) == (1, "")
    assert done.err == f"settlement-bridge: {name}: no such file or folder, and as a pattern it matches nothing\n"


def test_an_empty_folder_is_one_sentence(synced: Place, tmp_path: Path) -> None:
    done = synced.run("compare", tmp_path)

    assert done.code == 1
    assert "no *.xml, *.zip, *.csv or *.xlsx" in done.err


def test_comparing_changes_nothing(synced: Place, archive: Path) -> None:
    before = {path: path.read_bytes() for path in synced.published.rglob("*") if path.is_file()}
    status = synced.run("status", "--json").json

    synced.run("compare", archive)

    assert {path: path.read_bytes() for path in synced.published.rglob("*") if path.is_file()} == before
    assert synced.run("status", "--json").json == status


# inspect


@pytest.mark.parametrize("options", [["xml.zip"], ["csv"]], ids=" ".join)
def test_inspect_shows_what_is_in_a_file(synced: Place, tmp_path: Path, options: list[str]) -> None:
    assert synced.run("render", LEDGER, "2000001", "--output", tmp_path, "--format", *options).code == 0
    file = next(tmp_path.glob("210001-*"))

    done = synced.run("inspect", file)

    assert done.code == 0
    assert re.search(r"(?m)^210001 +2026-11-.*2000001", done.out)
    assert "adds up: its rows make the sums it states" in done.out
    assert ("valid: SettlementReport" in done.out) == options[0].startswith("xml")
    found = json.loads(synced.run("inspect", file, "--json").out)
    assert (found["adds_up"], found["valid"]) == (True, True if options[0].startswith("xml") else None)
    (settlement,) = found["settlements"]
    assert settlement["rows"]["gross"] == settlement["rows"]["captures"] + settlement["rows"]["refunds"]


def test_inspect_tells_what_is_wrong(synced: Place, archive: Path) -> None:
    file = tampered(archive, "<NumOfTransactions>[0-9]+<", "<NumOfTransactions>9999<")
    done = synced.run("inspect", file)
    assert done.code == 1
    assert "does not add up: settlement 2000001, it states 9999 as the number of transactions" in done.out
    assert "valid: SettlementReport 3.0" in done.out

    tampered(archive, "<SettlementType>Net</SettlementType>", "")
    done = synced.run("inspect", file)
    assert done.code == 1
    assert re.search(r"not valid: line \d+: .*SettlementType", done.out)


def test_inspect_needs_no_configuration_and_refuses_in_one_sentence(synced: Place, tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear accountant\n")
    synced_config = synced.folder / "nowhere.toml"

    done = Place(tmp_path).run("inspect", other)

    assert not synced_config.exists()
    assert (done.code, done.out) == (1, "")
    assert done.err == f"settlement-bridge: {other}: not a settlement file: it begins with 'Dear accountant'\n"
    assert Place(tmp_path).run("inspect", tmp_path / "none.xml").code == 2


def test_the_period_of_an_old_file_may_be_any(synced: Place, tmp_path: Path) -> None:
    """The first day there is, as some programs write a day that nobody gave, has no midnight in Oslo."""
    old = tmp_path / "old.xml"
    line = ("render", LEDGER, "2000001", "--output", tmp_path, "--format", "xml", "--xml-version", "2.0")
    assert synced.run(*line).code == 0
    text = (tmp_path / "210001-2000001.xml").read_text(encoding="utf-8")
    old.write_text(re.sub("<ReportDateFrom>[^<]+", "<ReportDateFrom>0001-01-01T00:00:00+01:00", text), "utf-8")

    assert synced.run("compare", old).out.startswith("identical in 1 of 1 settlement ")


@pytest.mark.parametrize("command", ["compare", "inspect"])
def test_a_pipe_is_refused_in_words_that_help(synced: Place, command: str) -> None:
    line = command_line("--config", synced.config, command, "/dev/stdin")
    done = subprocess.run(line, input="<a/>", capture_output=True, text=True, env=environment(), check=False)

    assert done.returncode == 1
    assert "/dev/stdin: a pipe can be read only once, which is not enough: save it as a file first" in done.stderr
