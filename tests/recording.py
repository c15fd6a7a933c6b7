"""Books told in a test, written as a folder that the sandbox serves."""

import json
from pathlib import Path
from typing import Any

from settlement_bridge.model import Book, LedgerEntry
from tests.books import Books


def record(books: Books, folder: Path, **changes: object) -> Path:
    """Write a ledger's v2 answers, described with changes, and return their folder."""
    folder.mkdir(parents=True)
    ledger = books.ledger
    description = {
        "ledgerId": ledger.ledger_id,
        "currency": ledger.currency,
        "payoutBankAccount": ledger.bank_account and vars(ledger.bank_account),
        "owner": vars(ledger.owner),
        "settlesForRecipientHandles": list(ledger.handles),
        "salesUnits": [],
        **changes,
    }
    (folder / "ledgers.json").write_text(json.dumps([description]))
    for book in Book:
        items = [_item(entry, ledger.currency) for entry in books.entries[book]]
        (folder / f"{book}.json").write_text(json.dumps(items))
    return folder


def _item(entry: LedgerEntry, currency: str) -> dict[str, Any]:
    return {
        "pspReference": entry.psp_reference,
        "time": entry.time.isoformat(),
        "ledgerDate": entry.ledger_date.isoformat(),
        "entryType": entry.entry_type,
        "reference": entry.reference,
        "currency": currency,
        "amount": entry.amount,
        "balanceBefore": entry.balance_before,
        "balanceAfter": entry.balance_after,
        "recipientHandle": entry.handle,
    }
