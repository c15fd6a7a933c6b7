"""What a demo shows: the published tree, the settlements with their checks, and what to do next."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.text import Text
from rich.tree import Tree

from settlement_bridge.bridge import RunOutcome
from settlement_bridge.cli.demo_checks import CheckedPayout
from settlement_bridge.cli.demo_folder import DemoFolder
from settlement_bridge.cli.output import count, say
from settlement_bridge.cli.run_lines import say_run
from settlement_bridge.cli.tables import amount, cell, show, table
from settlement_bridge.model import Ledger

_FILES_SHOWN = 2


def show_demo(
    folder: DemoFolder, ledgers: Sequence[Ledger], settlements: Sequence[CheckedPayout], outcome: RunOutcome
) -> None:
    """Print everything."""
    say("Published:")
    show(_tree(folder.published))
    say()
    say("Settlements, each read back from its files and compared with the sandbox's books:")
    say()
    _show_settlements(ledgers, settlements)
    say()
    say("The same as `settlement-bridge sync` says it, without the files:")
    say_run(RunOutcome(outcome.ledgers, (), outcome.problems, outcome.warnings), dry_run=False)
    say()
    _say_next(folder)


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


def _show_settlements(ledgers: Sequence[Ledger], settlements: Sequence[CheckedPayout]) -> None:
    numbers = ("Payouts", "Files", "Rows", "Paid out")
    shown = table("Ledger", "Merchant", *numbers, "Entries", "Sums", "XSD", right=(*numbers, "Entries", "Sums", "XSD"))
    for ledger in ledgers:
        mine = [one for one in settlements if one.payout.ledger_id == ledger.ledger_id]
        shown.add_row(
            cell(ledger.ledger_id),
            cell(ledger.sales_units[0].name if ledger.sales_units else None),
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


def _say_next(folder: DemoFolder) -> None:
    say(f"Everything is in {folder.path}/ and can be looked at:")
    say(f"  settlement-bridge --config {folder.config} status")
    say(f"  settlement-bridge --config {folder.config} find order-21")
    say(f"  settlement-bridge --config {folder.config} render 302321 2000003")
    say()
    say("With your own keys:")
    say("  cp config.example.toml config.toml && chmod 600 config.toml   # and fill in the keys")
    say("  settlement-bridge check")
    say("  settlement-bridge sync")
