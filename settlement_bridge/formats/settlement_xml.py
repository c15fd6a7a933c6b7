"""SettlementReport 3.0: the XML of the old service, streamed."""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from settlement_bridge.formats.proof import refuse_other_totals
from settlement_bridge.formats.text import xml_markup
from settlement_bridge.formats.timestamps import local_time_writer
from settlement_bridge.formats.xml_check import XmlCheck
from settlement_bridge.formats.xml_layout import Layout, document, issuer_leaves, merchant_leaves, opening
from settlement_bridge.model import Report, Settlement, Totals, Transaction
from settlement_bridge.money import decimal_text

NAMESPACE = "http://vipps.no/xmlschema/SettlementReport-3.0.xsd"
SCHEMA_CHECK = XmlCheck(
    "SettlementReport-3.0.xsd",
    NAMESPACE,
    opening=opening(NAMESPACE),
    row="TransactionInfo",
    section="SettlementInfo",
)
_ROW = """
<TransactionInfo>
  <TransactionTime>%s</TransactionTime>
  <TransactionCaptureAmount>%s</TransactionCaptureAmount>
  <TransactionRefundAmount>%s</TransactionRefundAmount>
  <TransactionGrossAmount>%s</TransactionGrossAmount>
  <TransactionNetAmount>%s</TransactionNetAmount>
  <TransactionFeeAmount>%s</TransactionFeeAmount>
  <SettlementCurrencyCode>%s</SettlementCurrencyCode>
  <TransactionID>%d</TransactionID>
  %s
</TransactionInfo>"""
"""Rows are written as text: element by element they take twice the time, and every file is validated anyway."""

_ROWS_AT_ONCE = 500


class SettlementXml:
    """The format with the extension `xml`."""

    extension = "xml"

    def write(self, report: Report, stream: BinaryIO) -> None:
        """Write `report`; see `formats.Format.write`. FeeDetailsInfo and ReportReferenceNum are left out."""
        with document(stream, NAMESPACE) as layout:
            with layout.block("SettlementDetailsInfo"):
                layout.leaves(merchant_leaves(report.merchant).items())
                with layout.block("PaymentsInfo"):
                    _write_payments(layout, report)
            with layout.block("VippsInfo"):
                layout.leaves(issuer_leaves(report.issuer).items())

    def check(self, path: Path) -> None:
        """Validate a finished file against `schemas/SettlementReport-3.0.xsd`; see `formats.Format.check`."""
        SCHEMA_CHECK(path)


def _write_payments(layout: Layout, report: Report) -> None:
    local_time = local_time_writer(report.zone)
    layout.leaves(
        (
            ("ReportDateFrom", report.date_from.isoformat()),
            ("ReportDateTo", report.date_to.isoformat()),
            ("SettlementCurrencyCode", report.currency),
            ("SettlementAccountNum", report.bank_account),
        )
    )
    sections = 0
    for settlement, transactions in report.sections:
        with layout.block("SettlementInfo"):
            layout.leaves(_settlement_leaves(settlement))
            _write_rows(layout, settlement, transactions, local_time)
            layout.leaves(_total_leaves(settlement))
        sections += 1
    layout.leaves([("NumOfSettlements", str(sections))])


def _write_rows(
    layout: Layout, settlement: Settlement, transactions: Iterable[Transaction], local_time: Callable[[int], str]
) -> None:
    row, currency = _ROW.replace("\n", layout.line), xml_markup(settlement.currency)

    def markup(transaction: Transaction) -> str:
        instant, capture, refund, fee, number, order_id, _ = transaction
        gross = capture + refund
        return row % (
            local_time(instant),
            decimal_text(capture),
            decimal_text(refund),
            decimal_text(gross),
            decimal_text(gross - fee),
            decimal_text(fee),
            currency,
            number,
            f"<OrderID>{xml_markup(order_id)}</OrderID>" if order_id else "<OrderID/>",
        )

    rows = iter(transactions)
    written = Totals()
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        layout.markup("".join(map(markup, some)))
        written = written.with_rows(some)
    refuse_other_totals(settlement, written)


def _settlement_leaves(settlement: Settlement) -> Iterable[tuple[str, str]]:
    return (
        ("SettlementDate", settlement.settlement_date.isoformat()),
        ("SettlementID", str(settlement.payout)),
        ("SettlementCurrencyCode", settlement.currency),
        ("SettlementType", settlement.type.value),
    )


def _total_leaves(settlement: Settlement) -> Iterable[tuple[str, str]]:
    totals = settlement.totals
    return (
        ("NumOfTransactions", str(totals.count)),
        ("CaptureSettlementAmount", decimal_text(totals.captures)),
        ("RefundSettlementAmount", decimal_text(totals.refunds)),
        ("GrossSettlementAmount", decimal_text(totals.gross)),
        ("NetSettlementAmount", decimal_text(totals.net)),
        ("FeeSettlementAmount", decimal_text(totals.fees)),
        ("SettledAmount", decimal_text(settlement.settled_amount)),
    )
