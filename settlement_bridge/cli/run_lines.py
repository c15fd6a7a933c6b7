"""What a run did, line by line; plain text, so that a sync never loads what draws tables."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from settlement_bridge.bridge import Delivered, DeliveryState, LedgerOutcome, LedgerState, RunOutcome, alike, cause_of
from settlement_bridge.cli.output import count, say
from settlement_bridge.model import Payout, PayoutRecord, PayoutState

FilesOf = Callable[[Payout], Sequence[str]]
"""Names the files of a payout."""


def say_run(outcome: RunOutcome, *, files_of: FilesOf | None = None, all_files: bool = True) -> None:
    """Print a line for everything a person wants to know of a run, and a summary.

    `files_of` is given for a dry run, which published nothing: its settled payouts are listed instead. Without
    `all_files` only those files are listed that could not be published.
    """
    for delivered, others in alike(outcome.deliveries, cause_of):
        if all_files or delivered.state is not DeliveryState.DELIVERED:
            say_delivered(delivered, others)
    for ledger in sorted(outcome.ledgers, key=lambda ledger: ledger.ledger_id):
        say_ledger(ledger, files_of)
    for problem in outcome.problems:
        say(f"problem    {problem}")
    for warning in outcome.warnings:
        say(f"warning    {warning}")
    say(_summary(outcome, dry_run=files_of is not None))


def say_delivered(delivered: Delivered, others: int = 0) -> None:
    """Print what became of a file, and for the same reason of others."""
    what = {DeliveryState.DELIVERED: "published", DeliveryState.REFUSED: "refused", DeliveryState.FAILED: "failed"}
    say(f"{what.get(delivered.state, delivered.state.value):<10} {_place(delivered, others)}")


def say_ledger(ledger: LedgerOutcome, files_of: FilesOf | None = None) -> None:
    """Print how a run left a ledger, and which of its payouts wait or need a look; with `files_of` settled ones too."""
    if ledger.state is not LedgerState.SERVED:
        say(f"{ledger.state.value:<10} ledger {ledger.ledger_id}: {ledger.reason}")
    for record in ledger.payouts:
        if record.state is not PayoutState.SETTLED:
            say(f"{record.state.value:<10} {_named(record)}: {record.reason}")
        elif files_of:
            say(f"settled    {_named(record)}: {', '.join(files_of(record.payout))}")
        for warning in record.warnings:
            say(f"warning    ledger {ledger.ledger_id}: {warning}")


def _place(delivered: Delivered, others: int) -> str:
    if delivered.reason:
        more = f" and {count(others, 'more file')}" if others else ""
        return f"payout {delivered.payout} of ledger {delivered.ledger_id}{more}: {delivered.reason}"
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
        "nothing published: a dry run" if dry_run else f"{count(files[DeliveryState.DELIVERED], 'file')} published",
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
