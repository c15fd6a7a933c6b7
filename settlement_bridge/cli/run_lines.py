"""What a run did, line by line; plain text, so that a sync never loads what draws tables."""

from collections import Counter
from collections.abc import Iterable

from settlement_bridge.bridge import Delivered, LedgerOutcome, LedgerState, RunOutcome
from settlement_bridge.cli.output import count, say
from settlement_bridge.model import PayoutRecord, PayoutState
from settlement_bridge.store import DeliveryState


def say_run(outcome: RunOutcome, dry_run: bool = False, all_files: bool = True) -> None:
    """Print a line for everything a person wants to know of a run, and a summary.

    Without `all_files` only of the files that could not be published.
    """
    for delivered in outcome.deliveries:
        if all_files or delivered.state is not DeliveryState.DELIVERED:
            say_delivered(delivered)
    for ledger in sorted(outcome.ledgers, key=lambda ledger: ledger.ledger_id):
        say_ledger(ledger, tell_settled=dry_run)
    for problem in outcome.problems:
        say(f"problem    {problem}")
    for warning in outcome.warnings:
        say(f"warning    {warning}")
    say(_summary(outcome, dry_run))


def say_delivered(delivered: Delivered) -> None:
    """Print what became of a file."""
    what = {DeliveryState.DELIVERED: "published", DeliveryState.REFUSED: "refused", DeliveryState.FAILED: "failed"}
    say(f"{what.get(delivered.state, delivered.state.value):<10} {_place(delivered)}")


def say_ledger(ledger: LedgerOutcome, tell_settled: bool = False) -> None:
    """Print how a run left a ledger, and which of its payouts wait or need a look."""
    if ledger.state is not LedgerState.SERVED:
        say(f"{ledger.state.value:<10} ledger {ledger.ledger_id}: {ledger.reason}")
    for record in ledger.payouts:
        if record.state is not PayoutState.SETTLED:
            say(f"{record.state.value:<10} {_named(record)}: {record.reason}")
        elif tell_settled:
            say(f"settled    {_named(record)}; a sync without --dry-run publishes it if it is due")
        for warning in record.warnings:
            say(f"warning    ledger {ledger.ledger_id}: {warning}")


def _place(delivered: Delivered) -> str:
    if delivered.reason:
        return f"payout {delivered.payout} of ledger {delivered.ledger_id}: {delivered.reason}"
    return f"{delivered.destination}/{delivered.path}"


def _named(record: PayoutRecord) -> str:
    payout = record.payout
    return f"payout {payout.number} of ledger {payout.ledger_id} ({payout.ledger_date})"


def _summary(outcome: RunOutcome, dry_run: bool) -> str:
    ledgers = Counter(ledger.state for ledger in outcome.ledgers)
    payouts = Counter(record.state for ledger in outcome.ledgers for record in ledger.payouts)
    files = Counter(delivered.state for delivered in outcome.deliveries)
    parts = [
        count(len(outcome.ledgers), "ledger"),
        count(sum(ledger.entries for ledger in outcome.ledgers), "new entry", "new entries"),
        f"{count(payouts[PayoutState.SETTLED], 'payout')} settled",
        "nothing published (dry run)" if dry_run else f"{count(files[DeliveryState.DELIVERED], 'file')} published",
        *_where_any(
            (ledgers[LedgerState.HELD], "held"),
            (payouts[PayoutState.WAITING], "waiting"),
            (payouts[PayoutState.WITHHELD], "withheld"),
            (files[DeliveryState.REFUSED], "refused"),
            (ledgers[LedgerState.TRY_LATER] + files[DeliveryState.FAILED], "to try again"),
        ),
    ]
    return ", ".join(parts)


def _where_any(*counts: tuple[int, str]) -> Iterable[str]:
    return (f"{number:,} {what}" for number, what in counts if number)
