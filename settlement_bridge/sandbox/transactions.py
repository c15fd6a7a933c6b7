"""Tells a ledger's history in v1's words.

v1 knows captures, refunds and payouts only. What else happened (disputes, top-ups, late fees, reserves) is left out,
so that its payouts are books of their own: each is the sum of its rows.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from settlement_bridge.model import Book
from settlement_bridge.sandbox.sales import OSLO, Account, Movement, SalesDay
from settlement_bridge.sandbox.stored import StoredTransactions

LOCAL_TIME = "%Y-%m-%dT%H:%M:%S.%f%z"


def keep_transactions(account: Account, days: Iterable[SalesDay]) -> StoredTransactions:
    """Return the v1 transactions; a day that pays out while v1's own balance is positive closes a payout."""
    rows = StoredTransactions()
    balance = 0
    for day in days:
        for transaction in _sales(account, day):
            balance += transaction["ledgerAmount"]
            rows.append(transaction, day.day, datetime.fromisoformat(transaction["timestamp"]), None)
        if day.pay_out and balance > 0:
            closing = account.closing(day.day)
            rows.append(_payout(account, rows.payouts.stop, day.day, balance), day.day, closing, None)
            rows.close_payout()
            balance = 0
    return rows


def _sales(account: Account, day: SalesDay) -> Iterable[dict[str, Any]]:
    fees: Counter[str] = Counter()
    for movement in day.movements:
        if movement.book is Book.FEES and movement.entry_type == "capture-fee":
            fees[movement.psp_reference] -= movement.amount
    for movement in day.movements:
        if movement.book is Book.FUNDS and movement.entry_type in ("capture", "refund"):
            fee = fees[movement.psp_reference] if movement.entry_type == "capture" else 0
            yield _sale(account, day.day, movement, fee)


def _sale(account: Account, day: date, movement: Movement, fee: int) -> dict[str, Any]:
    return {
        "transactionId": movement.psp_reference,
        "timestamp": _local(movement.time),
        "ledgerDate": day.isoformat(),
        "ledgerId": account.ledger_id,
        "transactionType": movement.entry_type,
        "orderId": movement.reference,
        "currency": account.country.currency,
        "ledgerAmount": movement.amount - (0 if account.gross else fee),
        "grossAmount": movement.amount,
        "fee": fee,
        "recipientHandle": movement.handle,
    }


def _payout(account: Account, number: int, day: date, amount: int) -> dict[str, Any]:
    return {
        "transactionId": f"1000{int(account.ledger_id):09}{number:09}",
        "timestamp": _local(account.closing(day)),
        "ledgerDate": day.isoformat(),
        "ledgerId": account.ledger_id,
        "transactionType": "payout",
        "orderId": str(number),
        "currency": account.country.currency,
        "ledgerAmount": -amount,
        "grossAmount": -amount,
        "fee": 0,
        "recipientHandle": None,
    }


def _local(time: datetime) -> str:
    return time.astimezone(OSLO).strftime(LOCAL_TIME)
