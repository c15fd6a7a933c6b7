"""SettlementReport 2.0: the XML before 3.0, with sums and counts before the parts they are about.

They are the settlements' proven totals, so the rows need not be held to know them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from settlement_bridge.formats.proof import proven
from settlement_bridge.formats.text import xml_text
from settlement_bridge.formats.timestamps import local_time_writer
from settlement_bridge.formats.xml_check import XmlCheck
from settlement_bridge.formats.xml_layout import Layout, document, issuer_leaves, merchant_leaves, opening
from settlement_bridge.instants import to_micros
from settlement_bridge.model import Report, Settlement, Totals, Transaction
from settlement_bridge.money import decimal_text

NAMESPACE = "http://vipps.dnb.no/XMLSchema/SettlementReport.xsd"
_CHECK = XmlCheck(
    "SettlementReport-2.0.xsd",
    NAMESPACE,
    opening=opening(NAMESPACE),
    row="TransactionInfo",
    section="SettlementInfo",
)
_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e"
_NO_NAME = re.compile(f"[^{_LATIN}0-9._-]+")
_NO_START = re.compile(f"\\A(?![{_LATIN}_])")
_ROW_FIELDS = (
    *("TransactionDate", "TransactionGrossAmount", "TransactionNetAmount", "TransactionFeeAmount"),
    *("SettlementCurrencyCode", "TransactionID", "OrderID"),
)

_Sections = Sequence[tuple[Settlement, Iterable[Transaction]]]


class SettlementXml2:
    """The format with the extension `xml` where `xml_version = "2.0"`."""

    extension = "xml"

    def write(self, report: Report, stream: BinaryIO) -> None:
        """Write `report`; see `formats.Format.write`. FeeDetailsInfo and ReportReferenceNum are left out."""
        merchant, issuer = merchant_leaves(report.merchant), issuer_leaves(report.issuer)
        merchant["MainAddressCity"] = name_text(merchant["MainAddressCity"])
        issuer |= {name: name_text(issuer[name]) for name in ("WebSite", "Country")}
        with document(stream, NAMESPACE) as layout:
            with layout.block("SettlementDetailsInfo"):
                layout.leaves(merchant.items())
                with layout.block("PaymentsInfo"):
                    _write_payments(layout, report, list(report.sections))
            with layout.block("VippsInfo"):
                layout.leaves(issuer.items())

    def check(self, path: Path) -> None:
        """Validate a finished file against `schemas/SettlementReport-2.0.xsd`; see `formats.Format.check`."""
        _CHECK(path)


def name_text(text: str) -> str:
    """Return `text` as an `xs:NCName`, the schema's type for three elements: `MO I RANA` becomes `MO_I_RANA`.

    Each run of what is not a Latin letter, a digit, `.`, `-` or `_` becomes one `_`; one is put in front where a name
    may not start so, and stands alone for an empty text.
    """
    return _NO_START.sub("_", _NO_NAME.sub("_", unicodedata.normalize("NFC", text)))


def _write_payments(layout: Layout, report: Report, sections: _Sections) -> None:
    local_time = local_time_writer(report.zone)

    def midnight(day: date) -> str:
        return local_time(to_micros(datetime.combine(day, time(), report.zone)))

    every = [settlement.totals for settlement, _ in sections]
    layout.leaves(
        (
            ("ReportDateFrom", midnight(report.date_from)),
            ("ReportDateTo", midnight(report.date_to)),
            ("SettlementCurrencyCode", report.currency),
            *_control_sums(every),
            ("SettlementAccountNum", report.bank_account),
            ("NumOfSettlements", str(len(sections))),
        )
    )
    for settlement, transactions in sections:
        with layout.block("SettlementInfo"):
            layout.leaves((("SettlementBatchDate", midnight(settlement.settlement_date)), *_sums(settlement)))
            _write_rows(layout, settlement, transactions, local_time)


def _control_sums(every: Iterable[Totals]) -> Iterable[tuple[str, str]]:
    every = list(every)
    return (
        ("TotalSettledGrossAmount", decimal_text(sum(each.gross for each in every))),
        ("TotalSettledNetAmount", decimal_text(sum(each.net for each in every))),
        ("TotalSettledFeeAmount", decimal_text(sum(each.fees for each in every))),
        ("TotalSettledRefundAmount", decimal_text(sum(each.refunds for each in every))),
    )


def _sums(settlement: Settlement) -> Iterable[tuple[str, str]]:
    totals = settlement.totals
    return (
        ("SettlementID", str(settlement.payout)),
        ("SettlementCurrencyCode", settlement.currency),
        ("GrossSettlementAmount", decimal_text(totals.gross)),
        ("NetSettlementAmount", decimal_text(totals.net)),
        ("FeeSettlementAmount", decimal_text(totals.fees)),
        ("NumOfTransactions", str(totals.count)),
    )


def _write_rows(
    layout: Layout,
    settlement: Settlement,
    transactions: Iterable[Transaction],
    local_time: Callable[[int], str],
) -> None:
    """Write the rows by filling one tree anew for each: a new one a row costs four times as much."""
    row = etree.Element("TransactionInfo")
    row.text = layout.line + "  "
    fields = [etree.SubElement(row, name) for name in _ROW_FIELDS]
    for each in fields:
        each.tail = layout.line + "  "
    fields[-1].tail = layout.line
    when, gross, net, fee, currency, number, order = fields
    currency.text = settlement.currency
    for transaction in proven(settlement, transactions):
        when.text = local_time(transaction.instant)
        gross.text = decimal_text(transaction.gross)
        net.text = decimal_text(transaction.net)
        fee.text = decimal_text(transaction.fee)
        number.text = str(transaction.number)
        order.text = xml_text(transaction.order_id) or None
        layout.write(layout.line, row)
