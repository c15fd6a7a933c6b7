"""Write or validate one settlement file of many rows: `python -m benchmarks.run_rendering WORK PATH ROWS`."""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.report import report
from settlement_bridge import formats
from settlement_bridge.formats.settlement_xml import SCHEMA_CHECK
from settlement_bridge.formats.timestamps import local_time_writer
from settlement_bridge.instants import to_micros
from settlement_bridge.model import Issuer, Merchant, Report, Settlement, SettlementType, Totals, Transaction
from settlement_bridge.money import decimal_text

OSLO = ZoneInfo("Europe/Oslo")
MERCHANT = Merchant("123456", "Nettbutikken", "987654321", "Nettbutikken AS", "Storgata 1", "0155", "OSLO", "NOR")
FIRST = to_micros(datetime(2026, 3, 1, tzinfo=UTC))
STEP = 83_700
"""Microseconds from one row to the next."""


def transactions(rows: int) -> Iterator[Transaction]:
    """Yield rows that are made as they are read, every tenth a refund."""
    for number in range(rows):
        amount = 10_000 + number % 90_000
        refunded = number % 10 == 9
        yield Transaction(
            FIRST + number * STEP,
            0 if refunded else amount,
            -amount if refunded else 0,
            0 if refunded else amount // 50,
            5_000_000_000 + number,
            f"order-{number}",
            None,
        )


def a_report(rows: int) -> Report:
    count = captures = refunds = fees = 0
    for each in transactions(rows):
        count, captures, refunds, fees = count + 1, captures + each.capture, refunds + each.refund, fees + each.fee
    totals = Totals(count, captures, refunds, fees)
    day = date(2026, 3, 2)
    settlement = Settlement(
        "1", 2000001, day, day, "NOK", "15037654733", SettlementType.NET, totals.net, MERCHANT, totals
    )
    return Report(MERCHANT, day, day, "NOK", "15037654733", [(settlement, transactions(rows))], Issuer(), OSLO)


def render(path: Path, a_report: Report) -> None:
    with path.open("wb") as file:
        formats.get("xml").write(a_report, file)


def format_bare(path: Path, rows: int) -> None:
    """Write the same rows as strings, with the project's own money and times: no escaping, no checks, no sums."""
    local_time = local_time_writer(OSLO)
    with path.open("wb") as file:
        for instant, capture, refund, fee, number, order_id, _ in transactions(rows):
            gross = capture + refund
            file.write(
                f"""        <TransactionInfo>
          <TransactionTime>{local_time(instant)}</TransactionTime>
          <TransactionCaptureAmount>{decimal_text(capture)}</TransactionCaptureAmount>
          <TransactionRefundAmount>{decimal_text(refund)}</TransactionRefundAmount>
          <TransactionGrossAmount>{decimal_text(gross)}</TransactionGrossAmount>
          <TransactionNetAmount>{decimal_text(gross - fee)}</TransactionNetAmount>
          <TransactionFeeAmount>{decimal_text(fee)}</TransactionFeeAmount>
          <SettlementCurrencyCode>NOK</SettlementCurrencyCode>
          <TransactionID>{number}</TransactionID>
          <OrderID>{order_id}</OrderID>
        </TransactionInfo>
""".encode()
            )


def validate_whole(path: Path) -> None:
    with path.open("rb") as file:
        assert SCHEMA_CHECK.fault_in_whole(file) is None


def main(work: str, path: Path, rows: int) -> None:
    if work == "render":
        prepared = a_report(rows)
        report(lambda: render(path, prepared))
    elif work == "format":
        report(lambda: format_bare(path, rows))
    elif work == "check":
        report(lambda: formats.get("xml").check(path))
    elif work == "whole":
        report(lambda: validate_whole(path))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
