"""`settlement-bridge republish`: a payout's files once more."""

from pathlib import Path

import click

from settlement_bridge.bridge import RunOutcome
from settlement_bridge.cli import as_json as json_of
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import json_option, say, say_json
from settlement_bridge.cli.run_lines import say_delivered
from settlement_bridge.cli.values import PAYOUT_NUMBER


@click.command("republish")
@click.argument("ledger")
@click.argument("payout", type=PAYOUT_NUMBER)
@json_option
@click.pass_obj
def command(config: Path | None, ledger: str, payout: int, as_json: bool) -> int:
    """Publish a payout's files again, with what the configuration now says of the merchant.

    For a file that an importer has lost, or whose organization or sales unit had the wrong name. A file that is
    still at its place is never overwritten: where it differs, republishing is refused until it is moved away.

    Changes the destinations and what the store says of deliveries. Prints a line for each file.

    \b
    Exit codes:
      0   done
      1   no such payout, it is held or not settled yet, or a file was refused
      75  a destination or the database cannot be reached: try again later
      78  the configuration has to be corrected

    \b
    Example:
      settlement-bridge republish 302321 2000001
    """
    with opened(config) as bridge:
        outcome = RunOutcome(ledgers=(), deliveries=bridge.republish(ledger, payout))
    if as_json:
        files = [json_of.delivered(one) for one in outcome.deliveries]
        say_json({"exit_code": outcome.exit_code, "files": files})
    else:
        for delivered in outcome.deliveries:
            say_delivered(delivered)
        if not outcome.deliveries:
            say("Nothing to publish: the configuration names no destination.")
    return outcome.exit_code
