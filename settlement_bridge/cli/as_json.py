"""The bridge's results as plain data for programs: stable keys, amounts in minor units, dates and times ISO 8601."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from settlement_bridge.bridge import (
    Delivered,
    Delivery,
    Document,
    Finding,
    Found,
    LedgerOutcome,
    LedgerStatus,
    Run,
    RunOutcome,
    Status,
)
from settlement_bridge.model import Identifier, Ledger, PayoutRecord

Data = Mapping[str, Any]


def ledger(one: Ledger) -> Data:
    """Return a ledger as the Report API describes it."""
    return {
        "ledger_id": one.ledger_id,
        "currency": one.currency,
        "owner": _identifier(one.owner),
        "bank_account": _identifier(one.bank_account),
        "handles": list(one.handles),
        "sales_units": [
            {"handle": unit.handle, "name": unit.name, "organization_number": unit.organization_number}
            for unit in one.sales_units
        ],
        "first_payout": one.first_payout,
        "last_payout": one.last_payout,
    }


def run_outcome(outcome: RunOutcome, dry_run: bool) -> Data:
    """Return what a run did."""
    return {
        "dry_run": dry_run,
        "exit_code": outcome.exit_code,
        "ledgers": [ledger_outcome(one) for one in sorted(outcome.ledgers, key=lambda one: one.ledger_id)],
        "files": [delivered(one) for one in outcome.deliveries],
        "problems": list(outcome.problems),
        "warnings": list(outcome.warnings),
    }


def ledger_outcome(outcome: LedgerOutcome) -> Data:
    """Return what a run did with one ledger."""
    return {
        "ledger_id": outcome.ledger_id,
        "state": outcome.state.value,
        "reason": outcome.reason,
        "new_entries": outcome.entries,
        "payouts": [_payout(record) for record in outcome.payouts],
    }


def delivered(one: Delivered) -> Data:
    """Return what became of a file."""
    return {
        "ledger_id": one.ledger_id,
        "payout": one.payout,
        "destination": one.destination,
        "path": one.path,
        "state": one.state.value,
        "reason": one.reason,
    }


def status(state: Status) -> Data:
    """Return how everything stands."""
    return {
        "last_run": _run(state.last_run) if state.last_run else None,
        "next_run": _instant(state.next_run),
        "worker": {"name": state.worker.name, "since": state.worker.since.isoformat()} if state.worker else None,
        "files": {name.value: number for name, number in sorted(state.files.items())},
        "ledgers": [_ledger_status(one) for one in state.ledgers],
    }


def found(one: Found) -> Data:
    """Return a transaction and where it went."""
    return {
        "ledger_id": one.ledger_id,
        "msn": one.msn,
        "payout": one.payout,
        "settlement_date": one.settlement_date.isoformat() if one.settlement_date else None,
        # As text: many readers of JSON keep only 53 bits of a number.
        "transaction_id": str(one.transaction_id),
        "mapped_from": one.mapped_from,
        "order_id": one.order_id,
        "time": one.time.isoformat(),
        "amount": one.amount,
        "fee": one.fee,
        "currency": one.currency,
        "files": list(one.files),
    }


def finding(one: Finding) -> Data:
    """Return what a check found."""
    return {"what": one.what, "ok": one.ok, "sentence": one.sentence, "exit_code": one.exit_code}


def document(one: Document) -> Data:
    """Return a file that the SFTP server serves."""
    return {
        "path": "/".join(one.place),
        "size": one.size,
        "sha256": one.sha256,
        "published_at": one.published_at.isoformat(),
    }


def _ledger_status(one: LedgerStatus) -> Data:
    return {
        "ledger_id": one.ledger.ledger_id,
        "currency": one.ledger.currency,
        "balance": one.balance,
        "last_payout": _payout(one.last_payout) if one.last_payout else None,
        "waiting": [_payout(record) for record in one.waiting],
        "withheld": [_payout(record) for record in one.withheld],
        "hold_reason": one.hold_reason,
        "held_at": _instant(one.held_at),
        "trouble": one.trouble,
        "trouble_since": _instant(one.trouble_since),
        "undelivered": [_delivery(each) for each in one.undelivered],
        "warnings": list(one.warnings),
    }


def _payout(record: PayoutRecord) -> Data:
    return {
        "payout": record.payout.number,
        "state": record.state.value,
        "settlement_date": record.payout.ledger_date.isoformat(),
        "amount": record.payout.amount,
        "reason": record.reason,
        "warnings": list(record.warnings),
    }


def _delivery(one: Delivery) -> Data:
    return {
        "destination": one.destination,
        "path": one.path,
        "state": one.state.value,
        "reason": one.reason,
        "updated_at": one.updated_at.isoformat(),
    }


def _run(run: Run) -> Data:
    return {
        "started": run.started.isoformat(),
        "finished": _instant(run.finished),
        "exit_code": run.exit_code,
        "summary": run.summary,
    }


def _identifier(one: Identifier | None) -> Data | None:
    return {"scheme": one.scheme, "id": one.id} if one else None


def _instant(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
