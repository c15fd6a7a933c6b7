"""Personal data of a page's entries: who paid and what they wrote. Nothing of it is ever part of an error or a log."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from settlement_bridge.model import Payer
from settlement_bridge.report_api.decode import Shape

ASKED_FOR = {"includeGDPRSensitiveData": "true"}
"""The parameter of every page; without it the API gives no personal data."""


def payers_of(items: Sequence[dict[str, Any]], shape: Shape) -> Iterator[Payer]:
    """Yield the payers that a page's entries name, which have been checked before; a phone number is dropped."""
    for item in items:
        name, message = _text(item.get("name")), _text(item.get("message"))
        if name or message:
            yield Payer(item[shape.psp_reference], datetime.fromisoformat(item[shape.time]), name, message)


def _text(value: object) -> str:
    """Return a text on one line; whatever else somebody sends is no name, and no reason to hold a ledger."""
    return " ".join(value.split()) if isinstance(value, str) else ""
