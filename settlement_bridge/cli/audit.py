"""`settlement-bridge audit`: the mirror against the Report API, by dates."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from settlement_bridge.bridge import Audit, BookAudit, EntryFinding, finding_sentence
from settlement_bridge.cli.dates import day_option, refuse_backwards
from settlement_bridge.cli.opened import opened
from settlement_bridge.cli.output import count, json_option, say, say_json
from settlement_bridge.cli.steps import steps
from settlement_bridge.errors import EXIT_DONE, EXIT_FAILED
from settlement_bridge.model import LedgerEntry

_BOOKS = 2
_MOST_SHOWN = 20
"""Of one book; --json has up to a thousand."""


@click.command("audit")
@click.argument("ledger")
@day_option("--from", "First ledger date, such as 2026-01-01. Left out: the first one mirrored.")
@day_option("--to", "Last ledger date, that day included. Left out: the last one mirrored.")
@json_option
@click.pass_obj
def command(config: Path | None, ledger: str, first: date | None, last: date | None, as_json: bool) -> int:
    """Read a ledger again by dates and compare it with the mirror.

    The provider promises that an entry once given never changes. This asks for every ledger date of both books
    again, which is another way to them than the feed that `sync` reads, and shows each entry that has changed, is no
    longer given, or is given although it was not before; where the chain of balances has a gap; and which payout
    numbers are missing. Entries behind the last one mirrored are no difference: the next `sync` brings them. A date
    that has not closed yet is left out, and named. A ledger that is held can be audited, too.

    Asks the Report API, twice for every date, so years take minutes; progress is shown on stderr. Never writes:
    neither the store nor any file changes. Prints what differs, and a line for each book.

    \b
    Exit codes:
      0   the mirror is what the Report API gives
      1   something differs, no such ledger, or it cannot be compared
      2   a day that is none
      75  the Report API or the database cannot be reached: try again later
      78  the configuration or the keys have to be corrected

    \b
    Examples:
      settlement-bridge audit 302321
      settlement-bridge audit 302321 --from 2026-01-01 --to 2026-03-31 --json | jq '.books[].findings'
    """
    refuse_backwards(first, last)
    with opened(config) as bridge:
        period = bridge.audit_period(ledger, first, last)
        days = (period.last - period.first).days + 1
        with steps("ledger dates read", _BOOKS * days) as done:
            audit = bridge.audit(ledger, period, done)
    exit_code = EXIT_FAILED if audit.differs else EXIT_DONE
    if as_json:
        say_json(_data(audit, exit_code))
    else:
        _show(audit)
    return exit_code


def _show(audit: Audit) -> None:
    say(f"ledger {audit.ledger_id}, {audit.period}")
    for one in audit.books:
        found = one.comparison.findings
        for finding in found[:_MOST_SHOWN]:
            say(f"{finding.what:<8} {one.book}, {finding_sentence(finding)}")
        more = max(len(found) - _MOST_SHOWN, 0) + one.comparison.untold
        if more:
            say(f"and {count(more, 'more')} in the {one.book} book")
    if audit.payouts_missing:
        say(f"payout numbers that no payout has: {', '.join(map(str, audit.payouts_missing))}")
    for one in audit.books:
        say(_summary(one))


def _summary(one: BookAudit) -> str:
    comparison = one.comparison
    wrong = len(comparison.findings) + comparison.untold
    parts = [f"{one.book:<6} {count(comparison.entries, 'entry', 'entries')} compared"]
    parts.append(count(wrong, "difference") if wrong else "all as they were")
    if comparison.upcoming:
        parts.append(f"{count(comparison.upcoming, 'entry', 'entries')} that the next sync will bring")
    if comparison.open_dates:
        parts.append(f"not closed yet: {', '.join(map(str, comparison.open_dates))}")
    return ", ".join(parts)


def _data(audit: Audit, exit_code: int) -> dict[str, Any]:
    return {
        "exit_code": exit_code,
        "ledger_id": audit.ledger_id,
        "from": audit.period.first.isoformat(),
        "to": audit.period.last.isoformat(),
        "differs": audit.differs,
        "payouts_missing": list(audit.payouts_missing),
        "books": [
            {
                "book": one.book.value,
                "entries": one.comparison.entries,
                "upcoming": one.comparison.upcoming,
                "open_dates": [day.isoformat() for day in one.comparison.open_dates],
                "findings": [_finding(each) for each in one.comparison.findings],
                "findings_untold": one.comparison.untold,
            }
            for one in audit.books
        ],
    }


def _finding(each: EntryFinding) -> dict[str, Any]:
    return {
        "what": each.what.value,
        "fields": list(each.fields),
        "held": _entry(each.held),
        "given": _entry(each.given),
        "sentence": finding_sentence(each),
    }


def _entry(entry: LedgerEntry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {
        **entry._asdict(),
        "time": entry.time.isoformat(),
        "ledger_date": entry.ledger_date.isoformat(),
        "balance_after": entry.balance_after,
    }
