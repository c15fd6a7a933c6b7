"""Does what the README and the sandbox's page tell a newcomer to do, block by block, with the sandbox on loopback."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from settlement_bridge import errors
from settlement_bridge.cli.sandbox_config import DEFAULT_URL, sandbox_config
from settlement_bridge.sandbox import Keys, Sandbox, World, scenario
from tests.conftest import require
from tests.documents import ROOT, Block, blocks, code

README = ROOT / "README.md"
SANDBOX = ROOT / "docs" / "sandbox.md"
SECONDS = 100

NOT_EXECUTED = {
    "sudo apt-get install -y git make python3-venv": "needs root, and changes the machine",
    "make test": "would run this test again",
    'sudo install -d -o "$USER" /srv/settlements': "needs root",
}
"""The README's shell blocks that no test runs, by their first line, and why."""

DEMO = "make demo"

READ_BY_TESTS = {"sh", "text", "toml", "ini", "python"}


def first_line(block: Block) -> str:
    return block.text.partition("\n")[0]


def executed() -> list[Block]:
    return [block for block in blocks(README, "sh") if first_line(block) not in {DEMO, *NOT_EXECUTED}]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a checkout right after its installation."""
    for name in ("Makefile", "pyproject.toml", "config.example.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (tmp_path / ".venv" / ".ready").touch()
    return tmp_path


def run(script: str, folder: Path) -> str:
    """Run a script as a person would type it, and return what it says."""
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        check=False,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert result.returncode == 0, f"{script}ended with {result.returncode}:\n{result.stdout}{result.stderr}"
    return result.stdout


def environment(folder: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SETTLEMENT_BRIDGE_")}
    path = f"{folder / '.venv' / 'bin'}{os.pathsep}{kept['PATH']}"
    return kept | {"PATH": path, "HOME": str(folder), "COLUMNS": "120", "PYTHONUTF8": "1"}


def test_every_block_that_is_not_executed_is_still_in_the_readme() -> None:
    lines = {first_line(block) for block in blocks(README, "sh")}
    assert {DEMO, *NOT_EXECUTED} <= lines


@pytest.mark.parametrize("document", [README, SANDBOX], ids=lambda path: path.name)
def test_no_block_hides_behind_another_language(document: Path) -> None:
    assert {block.language for block in blocks(document)} <= READ_BY_TESTS


def test_the_demo_shows_what_the_readme_says(checkout: Path) -> None:
    said = run(DEMO, checkout)
    shown = next(block.text for block in blocks(README, "text") if block.text.startswith("Published:"))
    for line in filter(None, shown.splitlines()):
        if line != "…":
            assert re.search(any_numbers(line), said, re.MULTILINE), f"the demo does not say: {line}\n\n{said}"
    assert list((checkout / "demo" / "published").rglob("*.xml"))


def any_numbers(line: str) -> str:
    """Return a pattern of a line with numbers and widths left open."""
    words = (re.sub(r"[0-9][0-9.,]*", r"[0-9][0-9.,]*", re.escape(word)) for word in line.replace(",", "").split())
    drawn = r"\s+".join(re.sub("─+", "─+", word) for word in words)
    return rf"^\s*{drawn}\s*$".replace(r"\s+", r",?\s+")


def test_ten_minutes_of_migration(checkout: Path) -> None:
    """Runs the blocks in their order, and edits config.toml where the README tells the reader to."""
    first_date = re.search("^first_date = (.+)$", shown_setting("first_date"), re.MULTILINE)
    assert first_date
    until = date(2026, 7, 31)
    destination = checkout / "srv"
    destination.mkdir()
    edited: set[str] = set()
    said: dict[str, str] = {}
    world = scenario("webshop", until=until)
    with Sandbox(world) as sandbox:
        keep_old_files(checkout / "old", sandbox, world)
        for block in executed():
            if block.text.startswith("settlement-bridge sync\n") and "first_date" not in edited:
                replace(checkout / "config.toml", {f"#{example('first_date')}": first_date[0]})
                edited.add("first_date")
                assert not published(destination), "a block before the one that publishes has published"
            said[first_line(block)] = run(block.text, checkout)
            if (checkout / "config.toml").exists() and "keys" not in edited:
                fill_in(checkout / "config.toml", sandbox, destination)
                edited.add("keys")
            if first_line(block) == COMPARE:
                assert said[COMPARE] == shown_text("The Report API does not tell")
                copy_advice(said[COMPARE], checkout / "config.toml")
                assert run(COMPARE, checkout) == shown_text("identical in")
    files = published(destination)
    dates = sorted(settlement_date(path) for path in files)
    assert dates[0] == date.fromisoformat(first_date[1])
    assert dates[-1] == until
    assert all(re.fullmatch("settlements/inbox/xml/[0-9]{9}/[0-9]+", folder_of(path, destination)) for path in files)
    assert (checkout / "new.xml").is_file()
    assert (checkout / "july.xlsx").is_file()


COMPARE = "settlement-bridge compare old/"


def keep_old_files(folder: Path, sandbox: Sandbox, world: World) -> None:
    """Make what the old service would have left behind, by way of a merchant whose names are known."""
    elsewhere = folder.parent / "old-service"
    (elsewhere / "published").mkdir(parents=True)
    config = elsewhere / "config.toml"
    config.touch(mode=0o600)
    config.write_text(sandbox_config(sandbox.url, sandbox.keys, world.organizations), encoding="utf-8")
    command = [sys.executable, "-m", "settlement_bridge", "--config", str(config), "sync"]
    subprocess.run(command, cwd=elsewhere, env=environment(elsewhere), check=True, capture_output=True, timeout=SECONDS)
    folder.mkdir()
    for path in (elsewhere / "published").rglob("*.xml"):
        shutil.copy(path, folder)


def shown_text(start: str) -> str:
    return next(block.text for block in blocks(README, "text") if block.text.startswith(start))


def copy_advice(said: str, config: Path) -> None:
    """Do what the reader does with the lines that are printed."""
    lines = said.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("[organizations."))
    advice = "\n".join(lines[first : lines.index("", first)])
    config.write_text(f"{config.read_text(encoding='utf-8')}\n{advice}\n", encoding="utf-8")


def shown_setting(name: str) -> str:
    return next(block.text for block in blocks(README, "toml") if re.search(f"^{name} = ", block.text, re.MULTILINE))


def example(name: str) -> str:
    found = re.search(f"^#({name} = .+)$", (ROOT / "config.example.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"config.example.toml does not show {name}"
    return found[1]


def fill_in(config: Path, sandbox: Sandbox, destination: Path) -> None:
    keys = sandbox.keys
    replace(
        config,
        {
            "https://api.vipps.no": sandbox.url,
            'client_id = "..."': f'client_id = "{keys.client_id}"',
            'client_secret = "..."': f'client_secret = "{keys.client_secret}"',
            'subscription_key = "..."': f'subscription_key = "{keys.subscription_key}"',
            "/srv/settlements": str(destination),
        },
    )


def replace(path: Path, changes: Mapping[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{path.name} does not hold {old}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def published(destination: Path) -> list[Path]:
    return [path for path in destination.rglob("*") if path.is_file()]


def folder_of(path: Path, destination: Path) -> str:
    return str(path.relative_to(destination).parent)


def settlement_date(path: Path) -> date:
    return date.fromisoformat(str(etree.parse(path).findtext(".//{*}SettlementDate")))


# What runs every hour


def test_cron_calls_a_sync_outside_the_first_ten_minutes() -> None:
    cron = next(block.text for block in blocks(README, "text") if "* * * *" in block.text)
    assert 11 <= int(cron.split()[0]) <= 59
    assert " sync " in cron


def test_the_cron_line_mails_only_what_is_not_well(checkout: Path) -> None:
    line = next(block.text for block in blocks(README, "text") if "* * * *" in block.text)
    command = line.split(maxsplit=5)[5].replace("/opt/settlement_bridge", str(checkout))
    (checkout / "published").mkdir()
    with Sandbox(scenario("webshop", days=3)) as sandbox:
        config = checkout / "config.toml"
        config.touch(mode=0o600)
        config.write_text(sandbox_config(sandbox.url, sandbox.keys, {}), encoding="utf-8")
        assert run(command, checkout) == ""
        (checkout / "published").rename(checkout / "elsewhere")
        config.write_text(config.read_text(encoding="utf-8").replace("published", "other"), encoding="utf-8")
        assert "other" in run(command, checkout)


def test_every_exit_code_is_explained() -> None:
    rows = re.findall(r"^\| ([0-9, ]+) \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    told = {int(number) for row in rows for number in row.split(",")}
    ours = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert told == ours | {128 + signal.SIGTERM}


# The sandbox's page


def sandbox_lines() -> list[str]:
    lines = [line for block in blocks(SANDBOX, "sh") for line in block.text.splitlines()]
    return [line for line in lines if line.startswith("settlement-bridge sandbox")]


@pytest.mark.parametrize("line", sandbox_lines())
def test_a_sandbox_starts_as_its_page_says(line: str, checkout: Path) -> None:
    (checkout / "recorded").mkdir()
    (checkout / "recorded" / "ledgers.json").write_text(RECORDED, encoding="utf-8")
    with served([*shlex.split(line), "--port", "0"], checkout) as said:
        assert re.search(r"serves [0-9]+ ledgers? at http://127\.0\.0\.1:[0-9]+", said)


RECORDED = """[{"ledgerId": "302321", "currency": "NOK", "owner": {"scheme": "business:NO:ORG", "id": "987654321"},
"settlesForRecipientHandles": ["api:123455"]}]"""


@contextmanager
def served(command: Sequence[str], folder: Path) -> Iterator[str]:
    """Give what a sandbox says of itself while it runs; then it must end as told."""
    process = subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        yield process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=SECONDS)
        assert (process.returncode, complaints) == (0, "")
    finally:
        process.kill()
        process.communicate()


def test_settlement_bridge_and_curl_reach_the_sandbox(checkout: Path) -> None:
    require(shutil.which("curl"), "the sandbox's page shows curl: install it")
    others = [block for block in blocks(SANDBOX, "sh") if not first_line(block).startswith("settlement-bridge sandbox")]
    assert len(others) == 2
    with Sandbox(scenario("webshop", days=3)) as sandbox:
        (checkout / "config.toml").write_text(sandbox_config(sandbox.url, sandbox.keys, {}), encoding="utf-8")
        said = [run(block.text.replace(DEFAULT_URL, sandbox.url), checkout) for block in others]
    assert list((checkout / "published").rglob("*.xml"))
    assert '"ledgerId"' in said[1]
    assert '"balanceAfter"' in said[1]


def test_the_python_example_runs(checkout: Path) -> None:
    (example,) = blocks(SANDBOX, "python")
    run(shlex.join([sys.executable, "-c", example.text]), checkout)


def test_the_keys_of_the_sandbox_are_the_ones_told() -> None:
    keys = {getattr(Keys(), field.name) for field in fields(Keys)}
    assert keys <= set(code(SANDBOX))
