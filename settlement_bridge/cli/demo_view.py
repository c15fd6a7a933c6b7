"""What a demo shows: the published tree, the settlements with their checks, and what to do next."""

import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text
from rich.tree import Tree

from settlement_bridge.bridge import RunOutcome
from settlement_bridge.cli.demo_checks import CheckedPayout
from settlement_bridge.cli.demo_folder import DemoFolder
from settlement_bridge.cli.entry import PROGRAM
from settlement_bridge.cli.output import count, say
from settlement_bridge.cli.run_lines import say_run
from settlement_bridge.cli.tables import amount, cell, show, table
from settlement_bridge.model import Ledger

_FILES_SHOWN = 2


@dataclass(frozen=True)
class DemoResult:
    """What came of a demo."""

    folder: DemoFolder
    ledgers: Sequence[Ledger]
    organizations: Mapping[str, Mapping[str, str]]
    """As in `World.organizations`."""
    settlements: Sequence[CheckedPayout]
    outcome: RunOutcome


def show_demo(result: DemoResult) -> None:
    """Print everything."""
    say("Published:")
    show(_tree(result.folder.published))
    say()
    say("Settlements, each read back from its files and compared with the sandbox's books:")
    say()
    _show_settlements(result.ledgers, result.organizations, result.settlements)
    say()
    say("The same as `settlement-bridge sync` says it, without the files:")
    say_run(result.outcome, all_files=False)
    say()
    _say_next(result.folder)


def _tree(path: Path) -> Tree:
    tree = Tree(Text(f"{path}/"))
    _grow(tree, path)
    return tree


def _grow(tree: Tree, path: Path) -> None:
    entries = sorted(path.iterdir()) if path.is_dir() else []
    for folder in entries:
        if folder.is_dir():
            name, deepest = _through_single_folders(folder)
            _grow(tree.add(Text(f"{name}/")), deepest)
    files = [entry.name for entry in entries if entry.is_file()]
    for name in files[:_FILES_SHOWN]:
        tree.add(Text(name))
    if len(files) > _FILES_SHOWN:
        tree.add(Text(f"… and {count(len(files) - _FILES_SHOWN, 'more file')}"))


def _through_single_folders(folder: Path) -> tuple[str, Path]:
    name = folder.name
    while len(entries := list(folder.iterdir())) == 1 and entries[0].is_dir():
        folder = entries[0]
        name = f"{name}/{folder.name}"
    return name, folder


def _show_settlements(
    ledgers: Sequence[Ledger],
    organizations: Mapping[str, Mapping[str, str]],
    settlements: Sequence[CheckedPayout],
) -> None:
    numbers = ("Payouts", "Files", "Rows", "Paid out")
    shown = table("Ledger", "Merchant", *numbers, "Entries", "Sums", "XSD", right=(*numbers, "Entries", "Sums", "XSD"))
    for ledger in ledgers:
        mine = [one for one in settlements if one.payout.ledger_id == ledger.ledger_id]
        shown.add_row(
            cell(ledger.ledger_id),
            cell(organizations.get(ledger.owner.id, {}).get("name")),
            cell(len(mine)),
            cell(sum(one.files for one in mine)),
            cell(sum(one.rows for one in mine)),
            amount(sum(one.payout.amount for one in mine)),
            _verdict(mine, lambda one: one.entries_agree),
            _verdict(mine, lambda one: one.rows_agree),
            _verdict(mine, lambda one: one.valid),
        )
    show(shown)
    say()
    say("Entries: the book's entries add up to the payout.  Sums: the files' rows do too.  XSD: the files are valid.")


def _verdict(settlements: Sequence[CheckedPayout], holds: Callable[[CheckedPayout], bool]) -> Text:
    wrong = sum(not holds(one) for one in settlements)
    return Text(f"{wrong} wrong", "bold red") if wrong or not settlements else Text("all ok", "green")


def program() -> str:
    """Return the command as the reader has to type it: where it was installed may not be on the PATH."""
    called = Path(sys.argv[0])
    return PROGRAM if shutil.which(PROGRAM) or called.name != PROGRAM else shlex.quote(str(called))


def _say_next(folder: DemoFolder) -> None:
    command = program()
    with_config = f"{command} --config {shlex.quote(str(folder.config))}"
    say(f"Everything is in {folder.path}/ and can be looked at:")
    say(f"  {with_config} status")
    say(f"  {with_config} find order-21")
    say(f"  {with_config} render 302321 2000003")
    say()
    say(f"To sync it again, let `{command} sandbox` run in another terminal:")
    say(f"  {with_config} sync")
    say()
    say("With your own keys:")
    say("  cp config.example.toml config.toml && chmod 600 config.toml   # and fill in the keys")
    say(f"  {command} check")
    say(f"  {command} sync")
