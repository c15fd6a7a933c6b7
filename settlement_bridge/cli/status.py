"""`settlement-bridge status`: how every ledger stands."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from settlement_bridge.bridge import DeliveryState, LedgerStatus, Run, Status, alike, cause_of
from settlement_bridge.cli import as_json as json_of
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import count, json_option, local_time, say, say_json
from settlement_bridge.cli.signals import EXIT_TERMINATED
from settlement_bridge.cli.tables import amount, cell, show, table
from settlement_bridge.errors import EXIT_DONE, EXIT_INTERRUPTED, EXIT_TRY_LATER

LATE = timedelta(minutes=5)
"""A daemon that has not begun a run by then is gone, or cannot."""


@click.command("status")
@json_option
@click.pass_obj
def command(config: Path | None, as_json: bool) -> int:
    """Show how every ledger stands, and how the last run ended.

    Asks the store only, not the Report API, and changes nothing. Prints a table with each ledger's last payout, its
    date and amount, the balance that is not paid out yet, and the ledger's state; behind it a line for everything
    that waits, is held or was not delivered, and why.

    \b
    Exit codes:
      0   done, whatever the states are
      1   the database is damaged
      75  the database cannot be reached: try again later
      78  the configuration has to be corrected

    \b
    Example:
      settlement-bridge status --json | jq '.ledgers[] | select(.hold_reason)'
    """
    with opened(config) as bridge:
        state = bridge.status()
    if as_json:
        say_json(json_of.status(state))
    else:
        _show(state)
    return EXIT_DONE


def _show(state: Status) -> None:
    if state.ledgers:
        shown = table(
            "Ledger", "Payout", "Date", "Amount", "Balance", "", "State", right=("Payout", "Amount", "Balance")
        )
        for ledger in state.ledgers:
            last = ledger.last_payout.payout if ledger.last_payout else None
            word, style = _state(ledger)
            shown.add_row(
                cell(ledger.ledger.ledger_id),
                cell(last.number if last else None),
                cell(last.ledger_date if last else None),
                amount(last.amount if last else None),
                amount(ledger.balance),
                cell(ledger.ledger.currency),
                cell(word, style),
            )
        show(shown)
        say()
    for ledger in state.ledgers:
        for line in _reasons(ledger):
            say(f"ledger {ledger.ledger.ledger_id}: {line}")
    say(f"{count(state.files[DeliveryState.DELIVERED], 'file')} published. {_last_run(state.last_run)}")
    if state.next_run:
        say(_next_run(state.next_run, datetime.now(UTC)))
    if state.worker:
        say(f"{state.worker.name} has been at work since {local_time(state.worker.since)}.")


def _state(ledger: LedgerStatus) -> tuple[str, str]:
    if ledger.hold_reason:
        return "held", "bold red"
    if ledger.trouble:
        return "try later", "yellow"
    if ledger.undelivered:
        return "undelivered", "yellow"
    return ("waiting", "yellow") if ledger.waiting else ("ok", "green")


def _reasons(ledger: LedgerStatus) -> Iterator[str]:
    if ledger.hold_reason:
        since = f" since {local_time(ledger.held_at)}" if ledger.held_at else ""
        yield f"held{since}: {ledger.hold_reason}"
    if ledger.trouble:
        since = f" since {local_time(ledger.trouble_since)}" if ledger.trouble_since else ""
        yield f"not read to its end{since}: {ledger.trouble}"
    for record in (*ledger.waiting, *ledger.withheld):
        yield f"payout {record.payout.number} ({record.payout.ledger_date}) is {record.state}: {record.reason}"
    for delivery, others in alike(ledger.undelivered, cause_of):
        are = f" and {count(others, 'more file')} are" if others else " is"
        yield f"{delivery.path}{are} {delivery.state} at {delivery.destination}: {delivery.reason or 'cut short'}"
    yield from ledger.warnings


def _last_run(run: Run | None) -> str:
    if run is None:
        return "There was no run yet: settlement-bridge sync"
    if run.finished is None or run.exit_code is None:
        return f"The last run began {local_time(run.started)} and has not ended, or was killed."
    interrupted = "it was interrupted, the next one goes on"
    ends = {
        EXIT_DONE: "all was well",
        EXIT_TRY_LATER: "something is to be tried again",
        EXIT_INTERRUPTED: interrupted,
        EXIT_TERMINATED: interrupted,
    }
    how = ends.get(run.exit_code, "somebody has to look")
    return f"The last run ended {local_time(run.finished)} with exit code {run.exit_code}: {how}."


def _next_run(due: datetime, now: datetime) -> str:
    if due < now - LATE:
        return f"The next run was due {local_time(due)}: look whether `settlement-bridge run` is still there."
    return f"The next run is due {local_time(due)}."
