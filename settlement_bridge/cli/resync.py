"""`settlement-bridge resync`: a ledger read again."""

from pathlib import Path

import click

from settlement_bridge.bridge import LedgerState, RunOutcome
from settlement_bridge.cli import as_json as json_of
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import count, json_option, say, say_json
from settlement_bridge.cli.progress import progress
from settlement_bridge.cli.run_lines import say_ledger


@click.command("resync")
@click.argument("ledger")
@json_option
@click.pass_obj
def command(config: Path | None, ledger: str, as_json: bool) -> int:
    """Read a ledger again from its start, and release it if it was held.

    The books are read beside the mirror and compared with it. Where they tell the same story of everything that was
    settled, they take the mirror's place and the ledger is served again; where they do not, the mirror stays, and
    the ledger is held with a sentence that names the difference. Files that were published are never touched.

    Changes the store only; the next `sync` publishes what is due. Prints how the ledger stands.

    \b
    Exit codes:
      0   the ledger is served
      1   no such ledger, or it is held
      75  the Report API or the database cannot be reached: try again later
      78  the configuration or the keys have to be corrected

    \b
    Example:
      settlement-bridge resync 302321
    """
    with opened(config) as bridge, progress() as shown:
        outcome = bridge.resync(ledger, progress=shown)
    exit_code = RunOutcome(ledgers=(outcome,), deliveries=()).exit_code
    if as_json:
        say_json({"exit_code": exit_code, **json_of.ledger_outcome(outcome)})
        return exit_code
    say_ledger(outcome)
    if outcome.state is LedgerState.SERVED:
        say(f"served     ledger {ledger}: {count(outcome.entries, 'entry', 'entries')} read again; now run sync")
    return exit_code
