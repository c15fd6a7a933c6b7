"""SettlementReport 3.0: the XML of the old service, streamed.

Everything is written unqualified inside a root that declares the default namespace, so that no prefix ever shows;
the layout (two spaces, `<OrderID/>` for an empty text) is that of the published samples.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from settlement_bridge.formats.proof import refuse_other_totals
from settlement_bridge.formats.text import xml_text
from settlement_bridge.formats.timestamps import local_time_writer
from settlement_bridge.formats.xml_check import XmlCheck
from settlement_bridge.model import Issuer, Merchant, Report, Settlement, Totals, Transaction
from settlement_bridge.money import decimal_text

NAMESPACE = "http://vipps.no/xmlschema/SettlementReport-3.0.xsd"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SCHEMA_CHECK = XmlCheck(
    "SettlementReport-3.0.xsd",
    NAMESPACE,
    opening=_DECLARATION + f'<SettlementReport xmlns="{NAMESPACE}">'.encode(),
    row="TransactionInfo",
)
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
        stream.write(_DECLARATION)
        root = etree.QName(NAMESPACE, "SettlementReport")
        with etree.xmlfile(stream, encoding="utf-8") as xml, xml.element(root, nsmap={None: NAMESPACE}):
            layout = _Layout(xml)
            with layout.block("SettlementDetailsInfo"):
                layout.leaves(_merchant_leaves(report.merchant))
                with layout.block("PaymentsInfo"):
                    _write_payments(layout, report)
            with layout.block("VippsInfo"):
                layout.leaves(_issuer_leaves(report.issuer))
            xml.write("\n")
        stream.write(b"\n")

    def check(self, path: Path) -> None:
        """Validate a finished file against `schemas/SettlementReport-3.0.xsd`; see `formats.Format.check`."""
        SCHEMA_CHECK(path)


class _Layout:
    """Writes blocks and leaves into an `xmlfile`, each on a line of its own, two spaces deeper than its parent."""

    def __init__(self, xml: Any) -> None:
        self.write = xml.write
        self.line = "\n  "
        self._element = xml.element

    @contextmanager
    def block(self, name: str) -> Iterator[None]:
        outside = self.line
        self.write(outside)
        with self._element(name):
            self.line = outside + "  "
            yield
            self.line = outside
            self.write(outside)

    def leaves(self, leaves: Iterable[tuple[str, str]]) -> None:
        for name, text in leaves:
            leaf = etree.Element(name)
            leaf.text = xml_text(text) or None
            self.write(self.line, leaf)


class _Row:
    """The one `TransactionInfo` tree of a section, filled anew for every row: a new tree each costs four times as much.

    It carries its own line breaks, so that the layout costs nothing.
    """

    def __init__(self, line: str, currency: str, local_time: Callable[[datetime], str]) -> None:
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
        time, capture, refund, fee, number, order_id, _ = transaction
        gross = capture + refund
        self._time.text = self._local_time(time)
        self._capture.text = decimal_text(capture)
        self._refund.text = decimal_text(refund)
        self._gross.text = decimal_text(gross)
        self._net.text = decimal_text(gross - fee)
        self._fee.text = decimal_text(fee)
        self._id.text = str(number)
        self._order.text = xml_text(order_id) or None
        return self.element


def _write_payments(layout: _Layout, report: Report) -> None:
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


def _write_rows(layout: _Layout, row: _Row, transactions: Iterable[Transaction]) -> Totals:
    write, line, fill = layout.write, layout.line, row.fill
    count = captures = refunds = fees = 0
    for transaction in transactions:
        write(line, fill(transaction))
        count += 1
        captures += transaction.capture
        refunds += transaction.refund
        fees += transaction.fee
    return Totals(count, captures, refunds, fees)


def _merchant_leaves(merchant: Merchant) -> Iterable[tuple[str, str]]:
    return (
        ("SaleUnitName", merchant.sales_unit_name),
        ("SerialNumber", merchant.msn),
        ("OrganizationName", merchant.organization_name),
        ("OrganizationNumber", merchant.organization_number),
        ("MainAddress", merchant.address),
        ("MainAddressZipCode", merchant.zip_code),
        ("MainAddressCity", merchant.city),
        ("MainAddressCountryCode", merchant.country_code),
    )


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


def _issuer_leaves(issuer: Issuer) -> Iterable[tuple[str, str]]:
    return (
        ("Name", issuer.name),
        ("WebSite", issuer.web_site),
        ("VisitingAddress", issuer.visiting_address),
        ("PostBox", issuer.post_box),
        ("PostAddress", issuer.post_address),
        ("Country", issuer.country),
    )
