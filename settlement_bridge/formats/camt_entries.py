"""The entries of a camt.053 statement: one a transaction, one for the fees that were kept back, one for the payout."""

from collections.abc import Callable, Iterable
from typing import Final

from lxml import etree

from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.camt_text import LONGEST_REMITTANCE, cut, reference
from settlement_bridge.formats.proof import proven
from settlement_bridge.formats.statement import Statement
from settlement_bridge.formats.xml_layout import Layout, element
from settlement_bridge.model import Settlement, Transaction
from settlement_bridge.money import decimal_text

_CODES: Final = {
    "capture": ("RCDT", "OTHR"),
    "refund": ("ICDT", "OTHR"),
    "fees": ("MDOP", "CHRG"),
    "payout": ("ICDT", "OTHR"),
}
"""By what an entry is, family and subfamily of ISO's own code for it (domain PMNT)."""


class _Entry:
    """The one `Ntry` tree of a statement, filled anew for every entry: a new tree each costs many times as much."""

    def __init__(self, currency: str, level: int) -> None:
        self._level = level
        self._amount, self._side = element("Amt", Ccy=currency), element("CdtDbtInd")
        self._booked, self._valued = element("Dt"), element("Dt")
        self._reference, self._kind = element("AcctSvcrRef"), element("Cd")
        self._family, self._subfamily = element("Cd"), element("SubFmlyCd")
        self._order, self._text, self._time = element("EndToEndId"), element("Ustrd"), element("TxDtTm")
        self._refs = element("Refs", self._order)
        self._remittance = element("RmtInf", self._text)
        self._dates = element("RltdDts", self._time)
        self._details = element("TxDtls")
        self._shown: tuple[etree._Element, ...] = ()
        self.element = element(
            "Ntry",
            self._amount,
            self._side,
            element("Sts/Cd", "BOOK"),
            element("BookgDt", self._booked),
            element("ValDt", self._valued),
            self._reference,
            element(
                "BkTxCd",
                element("Domn", element("Cd", "PMNT"), element("Fmly", self._family, self._subfamily)),
                element("Prtry", self._kind),
            ),
            element("NtryDtls", self._details),
        )
        etree.indent(self.element, level=level)

    def row(self, signed: int, number: int, order_id: str, time: str, day: str) -> etree._Element:
        """Return the entry of a transaction; an OrderID too long for a reference is told to people as well."""
        order = reference(order_id)
        self._order.text = order
        self._time.text = time
        if len(order_id) > len(order):
            self._text.text = cut(order_id, LONGEST_REMITTANCE)
            self._show(self._refs, self._remittance, self._dates)
        else:
            self._show(self._refs, self._dates)
        return self._entry("capture" if signed >= 0 else "refund", signed, str(number), day)

    def total(self, kind: str, signed: int, own_reference: str, order: str, day: str) -> etree._Element:
        """Return the entry of the fees, or of the payout."""
        self._order.text = reference(order)
        self._show(self._refs)
        return self._entry(kind, signed, reference(own_reference), day)

    def _entry(self, kind: str, signed: int, own_reference: str, day: str) -> etree._Element:
        self._amount.text = decimal_text(abs(signed))
        self._side.text = "CRDT" if signed >= 0 else "DBIT"
        self._booked.text = self._valued.text = day
        self._reference.text = own_reference
        self._kind.text = kind
        self._family.text, self._subfamily.text = _CODES[kind]
        return self.element

    def _show(self, *parts: etree._Element) -> None:
        if self._shown != parts:
            self._shown = parts
            self._details[:] = parts
            etree.indent(self._details, level=self._level + 2)


def write_entries(
    layout: Layout,
    settlement: Settlement,
    statement: Statement,
    transactions: Iterable[Transaction],
    local_time: Callable[[int], str],
) -> None:
    """Write every entry; raise RenderingRefused where they are not what was proven or do not come to the sums stated.

    An entry is booked on the transaction's day, or on the nearest one of the statement's period: a ledger date may end
    hours behind midnight, and a fee be older than the payout that it is kept back from.
    """
    entry = _Entry(settlement.currency, layout.level)
    first, last = settlement.date_from.isoformat(), settlement.settlement_date.isoformat()
    credits = debits = 0
    for instant, capture, refund, _, number, order_id, _ in proven(settlement, transactions):
        if not statement.has_rows:
            continue
        signed = capture + refund
        credits, debits = (credits + signed, debits) if signed >= 0 else (credits, debits - signed)
        moment = local_time(instant)
        layout.write(layout.line, entry.row(signed, number, order_id, moment, max(first, min(moment[:10], last))))
    paid = settlement.settled_amount
    if (credits + max(-paid, 0), debits + statement.fees + max(paid, 0)) != (statement.credits, statement.debits):
        raise RenderingRefused(
            f"payout {settlement.payout} of ledger {settlement.ledger_id}, sales unit {settlement.msn}: a transaction "
            "has both a capture and a refund, which no bank statement can say"
        )
    own = f"{settlement.account}-{settlement.payout}"
    if statement.fees:
        layout.write(layout.line, entry.total("fees", -statement.fees, f"{own}-fees", "", last))
    layout.write(layout.line, entry.total("payout", -paid, own, str(settlement.payout), last))
