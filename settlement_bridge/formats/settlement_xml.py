"""SettlementReport 3.0: the XML of the old service, streamed."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from settlement_bridge.formats.proof import refuse_other_totals
from settlement_bridge.formats.text import xml_text
from settlement_bridge.formats.timestamps import local_time_writer
from settlement_bridge.formats.xml_check import XmlCheck
from settlement_bridge.formats.xml_layout import Layout, document, issuer_leaves, merchant_leaves, opening
from settlement_bridge.model import Report, Settlement, Totals, Transaction
from settlement_bridge.money import decimal_text

NAMESPACE = "http://vipps.no/xmlschema/SettlementReport-3.0.xsd"
SCHEMA_CHECK = XmlCheck("SettlementReport-3.0.xsd", NAMESPACE, opening=opening(NAMESPACE), row="TransactionInfo")
_ROW_FIELDS = (
    "TransactionTime",
    "TransactionCaptureAmount",
    "TransactionRefundAmount",
    "TransactionGrossAmount",
    "TransactionNetAmount",
    "TransactionFeeAmount",
    "SettlementCurrencyCode",
    "TransactionID",
    "OrderID",
)


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


class _Row:
    """The one `TransactionInfo` tree of a section, filled anew for every row: a new tree each costs four times as much.

    It carries its own line breaks, so that the layout costs nothing.
    """

    def __init__(self, line: str, currency: str, local_time: Callable[[int], str]) -> None:
        self.element = etree.Element("TransactionInfo")
        self.element.text = line + "  "
        fields = [etree.SubElement(self.element, name) for name in _ROW_FIELDS]
        for each in fields:
            each.tail = line + "  "
        fields[-1].tail = line
        self._time, self._capture, self._refund, self._gross, self._net, self._fee, code, self._id, self._order = fields
        code.text = currency
        self._local_time = local_time

    def fill(self, transaction: Transaction) -> etree._Element:
        instant, capture, refund, fee, number, order_id, _ = transaction
        gross = capture + refund
        self._time.text = self._local_time(instant)
        self._capture.text = decimal_text(capture)
        self._refund.text = decimal_text(refund)
        self._gross.text = decimal_text(gross)
        self._net.text = decimal_text(gross - fee)
        self._fee.text = decimal_text(fee)
        self._id.text = str(number)
        self._order.text = xml_text(order_id) or None
        return self.element


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
            row = _Row(layout.line, settlement.currency, local_time)
            written = _write_rows(layout, row, transactions)
            refuse_other_totals(settlement, written)
            layout.leaves(_total_leaves(settlement))
        sections += 1
    layout.leaves([("NumOfSettlements", str(sections))])


def _write_rows(layout: Layout, row: _Row, transactions: Iterable[Transaction]) -> Totals:
    write, line, fill = layout.write, layout.line, row.fill
    count = captures = refunds = fees = 0
    for transaction in transactions:
        write(line, fill(transaction))
        count += 1
        captures += transaction.capture
        refunds += transaction.refund
        fees += transaction.fee
    return Totals(count, captures, refunds, fees)


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
