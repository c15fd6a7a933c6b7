"""`settlement-bridge sync`: a whole run."""

from collections.abc import Callable
from pathlib import Path

import click

from settlement_bridge.bridge import Bridge
from settlement_bridge.cli import as_json as json_of
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import json_option, say_json
from settlement_bridge.cli.progress import progress
from settlement_bridge.cli.run_lines import say_run
from settlement_bridge.model import Payout


@click.command("sync")
@click.option("--ledger", metavar="ID", help="Only this ledger; see `settlement-bridge ledgers`.")
@click.option("--dry-run", is_flag=True, help="Mirror and settle, but publish nothing; say what would appear.")
@json_option
@click.pass_obj
def command(config: Path | None, ledger: str | None, dry_run: bool, as_json: bool) -> int:
    """Read what is new of every ledger, settle it, and publish every file that is due.

    Each ledger's books are mirrored into the store from where the last run stopped. Every payout that is complete
    is proven to the øre and then published, once, to every destination. A ledger whose books cannot be true is
    held: nothing more of it is published, all others are served.

    Changes the store, and with new payouts the destinations. With --dry-run the destinations stay as they are, and
    each payout that was settled is listed with its files, also where first_payout or first_date keeps these back.

    Prints a line for each file published, each ledger held, each payout that waits and each file refused, and a
    summary. Progress of a long run is shown on stderr.

    \b
    Exit codes:
      0   all is well
      1   a ledger is held or a file was refused: its line says what to do
      75  something could not be done now: run it again later
      78  the configuration or the keys have to be corrected
      130, 143  interrupted; the next run goes on where this one stopped

    \b
    Examples:
      settlement-bridge sync
      settlement-bridge sync --ledger 302321 --dry-run
      settlement-bridge sync --json | jq '.files[].path'
    """
    with opened(config) as bridge:
        with progress() as shown:
            outcome = bridge.sync(None if ledger is None else frozenset([ledger]), dry_run=dry_run, progress=shown)
        if as_json:
            say_json(json_of.run_outcome(outcome, dry_run))
        else:
            say_run(outcome, files_of=_file_names(bridge) if dry_run else None)
        return outcome.exit_code


def _file_names(bridge: Bridge) -> Callable[[Payout], list[str]]:
    return lambda payout: [name for name, _ in bridge.render(payout.ledger_id, payout.number)]
