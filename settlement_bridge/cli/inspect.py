"""`settlement-bridge inspect`: what is in a settlement file."""

from pathlib import Path

import click

from settlement_bridge.bridge import Inspected, inspect
from settlement_bridge.cli import proof_json
from settlement_bridge.cli.output import count, json_option, say, say_json
from settlement_bridge.cli.tables import amount, cell, show, table
from settlement_bridge.errors import EXIT_DONE, EXIT_FAILED

_NUMBERS = ("Settlement", "Rows", "Captures", "Refunds", "Fees", "Net", "Paid out")


@click.command("inspect")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def command(file: Path, as_json: bool) -> int:
    """Show what is in a settlement file, whether it adds up, and whether it is valid.

    FILE may come from the old service or from this program: xml 3.0 or 2.0, xml.zip, csv in either layout, xlsx;
    which of them it is, is seen from its content. Prints, for each settlement, the sums over its rows and the amount
    it says was paid out; then every place where the file contradicts itself; then what the schema says of an xml.
    Where a format has captures and refunds in one column, they are told apart by their sign.

    Needs no configuration, no store and no network, and changes nothing.

    \b
    Exit codes:
      0   it adds up, and is valid where there is a schema
      1   it does not, or it is no settlement file
      2   there is no such file

    \b
    Examples:
      settlement-bridge inspect old/100716-2000028.xml
      settlement-bridge inspect report.xlsx --json | jq '.settlements[].rows.net'
    """
    one = inspect(file)
    if as_json:
        say_json(proof_json.inspected(str(file), one))
    else:
        _show(file, one)
    return EXIT_DONE if one.is_well else EXIT_FAILED


def _show(file: Path, one: Inspected) -> None:
    settlements = one.contents.settlements
    stated = next((each.stated for each in settlements if each.stated), None)
    say(f"{file}: {one.kind}, {count(len(settlements), 'settlement')}")
    if stated:
        who = " ".join(filter(None, (stated.organization_name, stated.organization_number)))
        say(f"of {who or 'an organization that it does not name'}")
        if stated.date_from and stated.date_to:
            say(f"over {stated.date_from} to {stated.date_to}")
    say()
    shown = table("Sales unit", "Date", "Type", *_NUMBERS, right=_NUMBERS)
    for each in settlements:
        said, rows = each.stated, each.rows
        shown.add_row(
            cell(each.key.msn),
            cell(said and said.settlement_date),
            cell(said and said.type),
            cell(each.key.payout),
            cell(rows.count),
            *map(amount, (rows.captures, rows.refunds, rows.fees, rows.net, said.settled_amount if said else None)),
        )
    show(shown)
    say()
    _show_verdict(one)


def _show_verdict(one: Inspected) -> None:
    for slip in one.contents.slips:
        place = f"settlement {slip.key.payout}, " if slip.key else ""
        line = f"line {slip.line}, " if slip.line else ""
        say(f"does not add up: {place}{line}{slip.sentence}")
    if one.contents.slips_untold:
        say(f"does not add up: and {count(one.contents.slips_untold, 'more row')}")
    if one.contents.adds_up:
        say("adds up: its rows make the sums it states")
    if one.has_schema:
        say(f"not valid: {one.invalid}" if one.invalid else f"valid: SettlementReport {one.kind.variant}")
