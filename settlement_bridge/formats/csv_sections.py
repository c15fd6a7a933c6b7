"""CSV in sections: who it is from, the settlements, their transactions, each line named by its first cell.

Gross is what was captured; fees and refunds are negative; net = gross + fee + refund.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from settlement_bridge.formats.csv_cells import amount, csv_rows, csv_text, expect, read_back
from settlement_bridge.formats.proof import proven
from settlement_bridge.formats.timestamps import day_text, local_day_writer
from settlement_bridge.model import Issuer, Report, Settlement, Transaction
from settlement_bridge.money import decimal_text

_MERCHANT = ("OrganizationNumber", "MerchantName")
_ISSUER = ("Name", "VisitingAddress", "Postbox", "Zipno", "Place", "Country", "CompanyNumber")
_SETTLEMENT = (
    *("SettlementInfo", "SalesUnitName", "SaleUnitNumber", "SettlementDate", "SettlementID", "SettlementAccount"),
    *("Gross", "Currency", "Fee", "Refund", "Net", "NumberOfTransactions"),
)
_FEE = ("FeeInfo", "SettlementDate", "SaleUnitName", "SaleUnitNumber", "FeeAccount", "Fee", "Currency")
_TRANSACTION = (
    *("TransactionInfo", "SalesDate", "SaleUnitName", "SaleUnitNumber", "TransactionId", "SettlementId", "OrderID"),
    *("SettlementDate", "Gross", "Currency", "Fee", "Refund", "Net"),
)
_HEADERS = (_MERCHANT, _ISSUER, _SETTLEMENT, _FEE, _TRANSACTION)
_WHO_LINES = (1, 3)
"""Merchant and issuer, counted from 0: the only lines that do not say what they are."""
_POST_ADDRESS = re.compile(r"(?:[A-Z]{1,3}-)?([0-9]{3,6}) (.+)")


class SectionsCsv:
    """The format with the extension `csv` where `csv_layout = "sections"`."""

    extension = "csv"

    def write(self, report: Report, stream: BinaryIO) -> None:
        """Write `report`; see `formats.Format.write`. FeeInfo has no lines: fees stand with their transactions."""
        sections = list(report.sections)
        merchant = report.merchant
        day = local_day_writer(report.zone)
        with csv_rows(stream) as lines:
            lines.writerow(_MERCHANT)
            lines.writerow(map(csv_text, (merchant.organization_number, merchant.organization_name)))
            lines.writerow(_ISSUER)
            lines.writerow(map(csv_text, _issuer_cells(report.issuer)))
            lines.writerow(_SETTLEMENT)
            lines.writerows(_settlement_cells(settlement) for settlement, _ in sections)
            lines.writerow(_FEE)
            lines.writerow(_TRANSACTION)
            for settlement, transactions in sections:
                lines.writerows(_rows(settlement, transactions, day))

    def check(self, path: Path) -> None:
        """Read the file back and add it up, settlement by settlement; see `formats.Format.check`."""
        stated: dict[str, tuple[int, ...]] = {}
        sums: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
        with read_back(path) as rows:
            for line, cells in enumerate(rows):
                if tuple(cells) in _HEADERS or line in _WHO_LINES:
                    continue
                if cells[:1] == ["SettlementInfo"]:
                    expect(len(cells), len(_SETTLEMENT), "the number of cells")
                    stated[cells[4]] = (int(cells[11]), *_amounts(cells[6], *cells[8:11]))
                else:
                    expect(cells[:1], ["TransactionInfo"], "the first cell")
                    expect(len(cells), len(_TRANSACTION), "the number of cells")
                    _add(sums[cells[5]], _amounts(cells[8], *cells[10:]))
            expect({payout: tuple(each) for payout, each in sums.items()}, stated, "count, gross, fee, refund and net")
            expect(bool(stated), True, "whether it has a settlement")


def _amounts(*cells: str) -> tuple[int, ...]:
    """Return gross, fee, refund and net; ValueError unless they are amounts and agree."""
    gross, fee, refund, net = amounts = tuple(map(amount, cells))
    expect(net, gross + fee + refund, "the net amount in minor units")
    return amounts


def _add(sums: list[int], amounts: tuple[int, ...]) -> None:
    for index, each in enumerate((1, *amounts)):
        sums[index] += each


def _rows(
    settlement: Settlement, transactions: Iterable[Transaction], day: Callable[[int], str]
) -> Iterator[tuple[object, ...]]:
    unit = (csv_text(settlement.merchant.sales_unit_name), csv_text(settlement.msn))
    payout, settled_on, currency = settlement.payout, day_text(settlement.settlement_date), settlement.currency
    for instant, capture, refund, fee, number, order_id, _ in proven(settlement, transactions):
        yield (
            "TransactionInfo",
            day(instant),
            *unit,
            number,
            payout,
            csv_text(order_id),
            settled_on,
            decimal_text(capture),
            currency,
            decimal_text(-fee),
            decimal_text(refund),
            decimal_text(capture + refund - fee),
        )


def _issuer_cells(issuer: Issuer) -> tuple[str, ...]:
    found = _POST_ADDRESS.fullmatch(issuer.post_address)
    zip_code, place = found.groups() if found else ("", issuer.post_address)
    return (
        *(issuer.name, issuer.visiting_address, issuer.post_box, zip_code, place),
        *(issuer.country, issuer.organization_number),
    )


def _settlement_cells(settlement: Settlement) -> tuple[object, ...]:
    totals = settlement.totals
    return (
        "SettlementInfo",
        csv_text(settlement.merchant.sales_unit_name),
        csv_text(settlement.msn),
        day_text(settlement.settlement_date),
        settlement.payout,
        csv_text(settlement.bank_account),
        decimal_text(totals.captures),
        settlement.currency,
        decimal_text(-totals.fees),
        decimal_text(totals.refunds),
        decimal_text(totals.net),
        totals.count,
    )
