"""`settlement-bridge ledgers`: what the keys can see."""

from collections.abc import Sequence
from pathlib import Path

import click

from settlement_bridge.cli import as_json as json_of
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import json_option, say, say_json
from settlement_bridge.cli.tables import cell, show, table
from settlement_bridge.errors import EXIT_DONE
from settlement_bridge.model import Ledger


@click.command("ledgers")
@json_option
@click.pass_obj
def command(config: Path | None, as_json: bool) -> int:
    """List the ledgers that the keys can see, as the Report API describes them now.

    Changes nothing. Prints a table: ledger, currency, organization, bank account, and each sales unit.

    \b
    Exit codes:
      0   done
      75  the Report API cannot be reached: try again later
      78  the configuration or the keys have to be corrected

    \b
    Example:
      settlement-bridge ledgers --json | jq -r '.ledgers[].ledger_id'
    """
    with opened(config) as bridge:
        ledgers = sorted(bridge.ledgers(), key=lambda ledger: ledger.ledger_id)
    if as_json:
        say_json({"ledgers": [json_of.ledger(ledger) for ledger in ledgers]})
    elif ledgers:
        _show(ledgers)
    else:
        say("The Report API lists no ledger for these keys: grant them access to one in the merchant portal.")
    return EXIT_DONE


def _show(ledgers: Sequence[Ledger]) -> None:
    shown = table("Ledger", "Currency", "Organization", "Bank account", "Sales units")
    for ledger in ledgers:
        account = ledger.bank_account.id if ledger.bank_account else None
        names = {unit.handle: unit.name for unit in ledger.sales_units}
        units = [f"{handle} {names.get(handle) or ''}".strip() for handle in ledger.handles]
        first, *others = units or [""]
        shown.add_row(*map(cell, (ledger.ledger_id, ledger.currency, ledger.owner.id, account, first)))
        for unit in others:
            shown.add_row("", "", "", "", cell(unit))
    show(shown)
