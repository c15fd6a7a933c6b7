"""CSV as a table: one header line, then one line a transaction, with the columns of the spreadsheet.

Where the spreadsheet has a line of its own for a settlement's sum and account, here every line carries them.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from settlement_bridge.formats.columns import (
    COLUMNS,
    PERSONAL_COLUMNS,
    columns_of,
    payer_texts,
    transaction_kind,
    with_payers,
)
from settlement_bridge.formats.csv_cells import amount, csv_rows, csv_text, expect, read_back
from settlement_bridge.formats.proof import proven
from settlement_bridge.formats.timestamps import day_text, local_day_writer
from settlement_bridge.model import Report, Settlement, Transaction
from settlement_bridge.money import decimal_text


class TableCsv:
    """The format with the extension `csv` where `csv_layout = "table"`."""

    extension = "csv"

    def write(self, report: Report, stream: BinaryIO) -> None:
        """Write `report`; see `formats.Format.write`."""
        day = local_day_writer(report.zone)
        with csv_rows(stream) as lines:
            lines.writerow(columns_of(report))
            for settlement, transactions in report.sections:
                lines.writerows(_rows(report, settlement, transactions, day))

    def check(self, path: Path) -> None:
        """Read the file back, every line for itself: the layout states no sums; see `formats.Format.check`."""
        settled: dict[str, list[str]] = {}
        with read_back(path) as rows:
            header = next(iter(rows), None) or []
            personal = list(PERSONAL_COLUMNS) if len(header) > len(COLUMNS) else []
            expect(header, [*COLUMNS, *personal], "the header")
            for cells in rows:
                expect(len(cells), len(header), "the number of cells")
                gross, fee, net = map(amount, cells[6:9])
                expect(net, gross + fee, "the net amount in minor units")
                amount(cells[12])
                expect(cells[11:14], settled.setdefault(cells[10], cells[11:14]), f"settlement {cells[10]}")
            expect(bool(settled), True, "whether it has a transaction")


def _rows(
    report: Report, settlement: Settlement, transactions: Iterable[Transaction], day: Callable[[int], str]
) -> Iterator[tuple[object, ...]]:
    unit = (csv_text(settlement.merchant.sales_unit_name), csv_text(settlement.msn), "")
    settled = (
        settlement.payout,
        day_text(settlement.settlement_date),
        decimal_text(settlement.settled_amount),
        csv_text(settlement.bank_account),
    )
    for row, payer in with_payers(report, settlement, proven(settlement, transactions)):
        instant, capture, refund, fee, number, order_id, _ = row
        yield (
            day(instant),
            *unit,
            number,
            csv_text(order_id),
            decimal_text(capture + refund),
            decimal_text(-fee),
            decimal_text(capture + refund - fee),
            transaction_kind(refund),
            *settled,
            *(map(csv_text, payer_texts(payer)) if report.payers else ()),
        )
