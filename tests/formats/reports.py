"""Reports to render."""

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from settlement_bridge import formats
from settlement_bridge.instants import to_micros
from settlement_bridge.model import Issuer, Merchant, Report, Settlement, SettlementType, Totals, Transaction

OSLO = ZoneInfo("Europe/Oslo")
MERCHANT = Merchant("654321", "Fiskebua på Torget", "987654321", "Fisk & Sånt AS", "Torget 1", "5014", "BERGEN", "NOR")
FIRST_TIME = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)


def totals_of(rows: Sequence[Transaction]) -> Totals:
    return Totals(len(rows), sum(r.capture for r in rows), sum(r.refund for r in rows), sum(r.fee for r in rows))


def settlement(totals: Totals, payout: int = 2000001, merchant: Merchant = MERCHANT) -> Settlement:
    return Settlement(
        ledger_id="302321",
        payout=payout,
        settlement_date=date(2026, 3, 29),
        date_from=date(2026, 3, 28),
        currency="NOK",
        bank_account="86011117947",
        type=SettlementType.NET,
        settled_amount=totals.net,
        merchant=merchant,
        totals=totals,
    )


def report(*sections: Sequence[Transaction], merchant: Merchant = MERCHANT) -> Report:
    """Return a report with a settlement for each list of rows."""
    return Report(
        merchant=merchant,
        date_from=date(2026, 3, 28),
        date_to=date(2026, 3, 29),
        currency="NOK",
        bank_account="86011117947",
        sections=[
            (settlement(totals_of(rows), 2000001 + index, merchant), iter(rows)) for index, rows in enumerate(sections)
        ],
        issuer=Issuer(),
        zone=OSLO,
    )


def row(number: int = 1, *, amount: int = 10_000, fee: int = 225, order_id: str = "order") -> Transaction:
    return Transaction(
        instant=to_micros(FIRST_TIME + timedelta(seconds=7.013 * number)),
        capture=max(amount, 0),
        refund=min(amount, 0),
        fee=fee,
        number=5_000_000_000 + number,
        order_id=order_id,
        mapped_from=None,
    )


def rendered(a_report: Report) -> bytes:
    stream = io.BytesIO()
    formats.get("xml").write(a_report, stream)
    return stream.getvalue()


def write_rendered(path: Path, a_report: Report) -> Path:
    path.write_bytes(rendered(a_report))
    return path
