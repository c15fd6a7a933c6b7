"""`settlement-bridge open`: what is on a ledger and not yet paid out."""

from pathlib import Path
from typing import Any

import click

from settlement_bridge.bridge import Bridge, OpenItems
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import count, json_option, say, say_json
from settlement_bridge.errors import EXIT_DONE
from settlement_bridge.model import LedgerEntry
from settlement_bridge.money import decimal_text


@click.command("open")
@click.argument("ledger")
@json_option
@click.pass_obj
def command(config: Path | None, ledger: str, as_json: bool) -> int:
    """Show what is on a ledger and not yet paid out, with the running balance.

    Prints every entry of the funds book behind the last payout, as far as the last `sync` has read it: its ledger
    date, type, amount, the balance behind it, and its reference. The balance may be below zero: then the merchant
    owes, and there is no payout until it is above zero again. Fees that net settlement has still to take off are told
    below. Report API v1 tells a payout's entries only once it is complete, so nothing is ever open there.

    Asks the store only and changes nothing.

    \b
    Exit codes:
      0   done
      1   no such ledger
      75  the database cannot be reached: try again later
      78  the configuration has to be corrected

    \b
    Examples:
      settlement-bridge open 302321
      settlement-bridge open 302321 --json | jq .balance
    """
    with opened(config) as bridge:
        items = bridge.open_items(ledger)
        if as_json:
            say_json(_data(bridge, items))
        else:
            _show(bridge, items)
    return EXIT_DONE


def _show(bridge: Bridge, items: OpenItems) -> None:
    currency, last = items.ledger.currency, items.last_payout
    for record in items.waiting:
        say(f"payout {record.payout.number} ({record.payout.ledger_date}) is paid out, but waits: {record.reason}")
    since = f"since the payout of {decimal_text(-last.amount)} on {last.ledger_date}" if last else "since the beginning"
    say(f"ledger {items.ledger.ledger_id}, {since}")
    say(_line("Date", "Type", "Amount", "Balance", "Reference"))
    say(_line("", "brought forward", "", decimal_text(items.opening), ""))
    for entry in bridge.open_entries(items):
        amount, balance = decimal_text(entry.amount), decimal_text(entry.balance_after)
        say(_line(str(entry.ledger_date), entry.entry_type, amount, balance, entry.reference or ""))
    entries = count(items.count, "entry", "entries") if items.count else "no entry"
    say(f"{decimal_text(items.balance)} {currency} not paid out yet, {entries} since then")
    if items.balance < 0:
        say("The merchant owes this: there is no payout until the balance is above zero.")
    if items.fees_due:
        say(f"{decimal_text(items.fees_due)} {currency} of fees are neither retained nor invoiced yet.")


def _line(day: str, kind: str, amount: str, balance: str, reference: str) -> str:
    return f"{day:<10}  {kind:<26} {amount:>14} {balance:>14}  {reference}".rstrip()


def _data(bridge: Bridge, items: OpenItems) -> dict[str, Any]:
    return {
        "ledger_id": items.ledger.ledger_id,
        "currency": items.ledger.currency,
        "last_payout_date": items.last_payout.ledger_date.isoformat() if items.last_payout else None,
        "opening": items.opening,
        "balance": items.balance,
        "fees_due": items.fees_due,
        "waiting": [record.payout.number for record in items.waiting],
        "entries": [_entry(entry) for entry in bridge.open_entries(items)],
    }


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "ledger_date": entry.ledger_date.isoformat(),
        "time": entry.time.isoformat(),
        "type": entry.entry_type,
        "psp_reference": entry.psp_reference,
        "reference": entry.reference,
        "amount": entry.amount,
        "balance": entry.balance_after,
    }
