"""A settlement seen as a bank statement: what moved on the account, proven before anything of it is written.

The account is the one that the provider keeps for the merchant. Sales and refunds move it, and so do fees that are
kept back and the payout itself; fees on an invoice (gross settlement) do not.
"""

from dataclasses import dataclass

from settlement_bridge.errors import RenderingRefused
from settlement_bridge.model import Settlement, SettlementType
from settlement_bridge.money import decimal_text


@dataclass(frozen=True)
class Statement:
    """The sums of a statement, in minor units; credits and debits are both positive."""

    opening: int
    closing: int
    credits: int
    debits: int
    entries: int
    """Sales, refunds, the fees together as one, and the payout."""
    fees: int
    has_rows: bool
    """False where the only row is the one made up for a reserve that was paid out: no money moved but the payout."""


def statement_of(settlement: Settlement) -> Statement:
    """Return a settlement's statement; raise RenderingRefused where it does not lead from one balance to the other."""
    totals, paid = settlement.totals, settlement.settled_amount
    fees = totals.fees if settlement.type is SettlementType.NET else 0
    moved = settlement.closing_balance + paid - settlement.opening_balance
    has_rows = not (moved == 0 and totals.count == 1 and totals.gross == paid != 0)
    captures, refunds = (totals.captures, totals.refunds) if has_rows else (0, 0)
    statement = Statement(
        opening=settlement.opening_balance,
        closing=settlement.closing_balance,
        credits=captures + max(-paid, 0),
        debits=fees - refunds + max(paid, 0),
        entries=(totals.count if has_rows else 0) + bool(fees) + 1,
        fees=fees,
        has_rows=has_rows,
    )
    if statement.opening + statement.credits - statement.debits != statement.closing:
        raise RenderingRefused(_not_proven(settlement, captures + refunds - fees))
    return statement


def _not_proven(settlement: Settlement, moved: int) -> str:
    opening, paid, closing = map(
        decimal_text, (settlement.opening_balance, settlement.settled_amount, settlement.closing_balance)
    )
    return (
        f"payout {settlement.payout} of ledger {settlement.ledger_id}, sales unit {settlement.msn}: no statement can "
        f"be made of it, the balance before ({opening}) and its rows ({decimal_text(moved)}) less the payout ({paid}) "
        f"do not make the balance after ({closing})"
    )
