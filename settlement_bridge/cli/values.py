"""Values of settlement files as a person reads them."""

from datetime import datetime

import click

from settlement_bridge.bridge import Value
from settlement_bridge.money import decimal_text

PAYOUT_NUMBER = click.IntRange(1, 10**18 - 1)
"""The type of an argument that names a payout."""


def value_text(value: Value, is_amount: bool = False) -> str:
    """Return an amount with two decimals, a time with its offset, `(empty)` for an empty text, nothing for None."""
    if value is None:
        return ""
    if is_amount and isinstance(value, int):
        return decimal_text(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) or "(empty)"
