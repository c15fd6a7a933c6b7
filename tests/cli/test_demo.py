"""The first thing a newcomer runs."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from settlement_bridge import config
from settlement_bridge.bridge import Bridge
from settlement_bridge.cli.demo_checks import CheckedPayout, checked
from settlement_bridge.cli.demo_view import program
from settlement_bridge.model import Payout
from settlement_bridge.sandbox import scenario
from tests.cli.command import Finished, run_command

WORLD = scenario("all")


@dataclass(frozen=True)
class Demo:
    done: Finished
    folder: Path
    dialect: str


@pytest.fixture(scope="module", params=["v2", "v1"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    done = run_command("demo", "--dialect", request.param, "--out", "out", cwd=folder)
    yield Demo(done, folder, request.param)


def test_everything_comes_out_right(demo: Demo) -> None:
    assert demo.done.code == 0, demo.done.out
    assert all(line.endswith(" published") for line in demo.done.err.splitlines())  # progress on a slow machine
    assert "wrong" not in demo.done.out
    for ledger_id in ("302321", "302322", "302355", "302377", "302400", "302410", "302420", "302430"):
        (row,) = [line for line in demo.done.out.splitlines() if line.startswith(ledger_id)]
        assert row.split("  ")[-1].strip() == "all ok"


def test_commands_are_named_as_they_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/settlement-bridge"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program() == ".venv/bin/settlement-bridge"

    (tmp_path / "settlement-bridge").touch(mode=0o755)
    assert program() == "settlement-bridge"


def test_the_tree_shows_the_first_files_and_counts_the_others(demo: Demo) -> None:
    published = [path.name for path in (demo.folder / "out/published").rglob("100716-*.xml")]
    assert len(published) == 60
    assert "├── 100716-2000001.xml" in demo.done.out
    assert "100716-2000003.xml" not in demo.done.out
    assert "… and 58 more files" in demo.done.out


def test_what_waits_is_explained(demo: Demo) -> None:
    if demo.dialect == "v2":
        assert "waiting    payout 2000056 of ledger 302410 (2026-11-22): " in demo.done.out


def test_nothing_is_written_outside_of_its_folder(demo: Demo) -> None:
    assert [path.name for path in demo.folder.iterdir()] == ["out"]
    names = {path.name for path in (demo.folder / "out").iterdir()}
    assert names - {"state.db-shm", "state.db-wal"} == {
        ".settlement-bridge-demo",
        "config.toml",
        "published",
        "state.db",
    }


def test_what_it_says_to_do_next_works(demo: Demo) -> None:
    advised = [line.split() for line in demo.done.out.splitlines() if "--config out/config.toml" in line]
    assert [line[3] for line in advised] == ["status", "find", "render", "sync"]
    for _, *arguments in advised[:3]:
        done = run_command(*arguments, cwd=demo.folder)
        assert done.code == 0, done.err
        assert done.out


def payout_with_files(demo: Demo) -> tuple[Payout, list[Path]]:
    with Bridge(config.load(demo.folder / "out/config.toml", {})) as bridge:
        (ledger,) = [one for one in bridge.status().ledgers if one.ledger.ledger_id == "302400"]
    assert ledger.last_payout
    payout = ledger.last_payout.payout
    return payout, list((demo.folder / "out/published").rglob(f"21000?-{payout.number}.xml"))


def check_again(demo: Demo, payout: Payout, files: list[Path]) -> CheckedPayout:
    return checked(payout, files, WORLD, demo.dialect)


def test_the_checks_would_see_a_wrong_file(demo: Demo, tmp_path: Path) -> None:
    payout, files = payout_with_files(demo)
    assert check_again(demo, payout, files).right
    assert not check_again(demo, payout, files[1:]).rows_agree
    assert not check_again(demo, payout, []).right

    text = files[0].read_text(encoding="utf-8")
    for tag in ("TransactionNetAmount", "SettledAmount"):
        wrong = tmp_path / f"{tag}.xml"
        wrong.write_text(re.sub(f"<{tag}>.*<", f"<{tag}>0.01<", text, count=1), encoding="utf-8")
        assert not check_again(demo, payout, [wrong, *files[1:]]).rows_agree, tag

    invalid = tmp_path / "invalid.xml"
    invalid.write_text(text.replace("<NumOfTransactions>", "<NumOfTransactions>x"), encoding="utf-8")
    result = check_again(demo, payout, [invalid, *files[1:]])
    assert (result.valid, result.right) == (False, False)


def test_the_checks_would_see_entries_of_another_sum(demo: Demo) -> None:
    payout, files = payout_with_files(demo)
    other = replace(payout, amount=payout.amount + 1)

    assert not check_again(demo, other, files).entries_agree


def test_a_payout_without_files_is_never_right(demo: Demo) -> None:
    payout, _ = payout_with_files(demo)
    nothing = replace(
        payout, number=1, amount=0, balance_after=payout.balance_before, last_position=0, first_position=0
    )

    result = check_again(demo, nothing, [])

    assert (result.entries_agree, result.rows_agree, result.right) == (True, True, False)


def test_an_earlier_demo_is_replaced_and_nothing_else(demo: Demo) -> None:
    out = demo.folder / "out"
    mine = out / "notes.txt"
    stale = out / "published" / "stale.xml"
    for path in (mine, stale):
        path.write_text("kept or not")

    done = run_command("demo", "--dialect", demo.dialect, "--out", out)

    assert done.code == 0, done.out
    assert not stale.exists()
    assert mine.read_text() == "kept or not"
    mine.unlink()


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("precious")

    done = run_command("demo", "--out", tmp_path)

    assert done.code == 1
    assert done.out == ""
    assert f"{tmp_path} exists and was not made by a demo; name another folder with --out" in done.err
    assert (tmp_path / "config.toml").read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = run_command("demo", "--out", tmp_path / "file" / "demo")

    assert done.code == 1
    assert "Not a directory" in done.err
