"""`settlement-bridge find`: the first question an accountant asks."""

from pathlib import Path

import click

from settlement_bridge.bridge import Found
from settlement_bridge.cli import as_json as json_of
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import complain, json_option, local_time, say, say_json
from settlement_bridge.errors import EXIT_DONE, EXIT_FAILED
from settlement_bridge.money import decimal_text


@click.command("find")
@click.argument("text")
@json_option
@click.pass_obj
def command(config: Path | None, text: str, as_json: bool) -> int:
    """Find the payout and the file of an order or transaction.

    TEXT is an order id, a transaction id as in the files, or the provider's own reference of a transaction (files
    have a number in its place where it is not one itself). It must match exactly.

    Asks the store only and changes nothing. Prints, for each row found, payout, date, amount, fee and files.

    \b
    Exit codes:
      0   found
      1   nothing found, or the database is damaged
      75  the database cannot be reached: try again later
      78  the configuration has to be corrected

    \b
    Examples:
      settlement-bridge find order-8201
      settlement-bridge find 4123456789012345678 --json
    """
    with opened(config) as bridge:
        rows = bridge.find(text)
    if as_json:
        say_json({"found": [json_of.found(row) for row in rows]})
    else:
        for row in rows:
            _show(row)
    if rows:
        return EXIT_DONE
    complain(
        f"nothing found: no mirrored entry has {text!r} as its order id, its transaction id or the provider's reference"
    )
    return EXIT_FAILED


def _show(row: Found) -> None:
    say(f"order {row.order_id or '(none)'}")
    if row.payout is None:
        say("  payout       not paid out yet")
    else:
        say(f"  payout       {row.payout}, {row.settlement_date}")
    say(f"  ledger       {row.ledger_id}" + (f", sales unit {row.msn}" if row.msn else ""))
    say(f"  amount       {decimal_text(row.amount)} {row.currency}, fee {decimal_text(row.fee)}")
    say(f"  time         {local_time(row.time)}")
    mapped = f", from the provider's {row.mapped_from}" if row.mapped_from else ""
    say(f"  transaction  {row.transaction_id}{mapped}")
    for file in row.files:
        say(f"  file         {file}")
