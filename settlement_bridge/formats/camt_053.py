"""camt.053.001.08: a settlement as a bank statement of the clearing account (ISO 20022), streamed.

The account is the ledger, never the bank account that is paid out to: the payout is on that one's own statement too.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from settlement_bridge.formats.camt_entries import write_entries
from settlement_bridge.formats.camt_text import cut, reference
from settlement_bridge.formats.statement import Statement, statement_of
from settlement_bridge.formats.timestamps import local_time_writer
from settlement_bridge.formats.xml_check import XmlCheck
from settlement_bridge.formats.xml_layout import document, element, opening
from settlement_bridge.instants import to_micros
from settlement_bridge.model import Issuer, Report, Settlement
from settlement_bridge.money import decimal_text

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
ROOT = "Document"
CHECK = XmlCheck("camt.053.001.08.xsd", NAMESPACE, opening=opening(NAMESPACE, ROOT), row="Ntry", section="Stmt")
_LAST_SECOND = time(23, 59, 59)


class Camt053:
    """The format with the extension `camt.053.xml`."""

    extension = "camt.053.xml"

    def write(self, report: Report, stream: BinaryIO) -> None:
        """Write `report`, a statement for each settlement; see `formats.Format.write`.

        Raises RenderingRefused also where a settlement does not lead from its opening to its closing balance.
        """
        local_time = local_time_writer(report.zone)
        sections = list(report.sections)

        def moment(day: date, at: time = time.min) -> str:
            return local_time(to_micros(datetime.combine(day, at, report.zone)))

        with document(stream, NAMESPACE, ROOT) as layout, layout.block("BkToCstmrStmt"):
            made = element("CreDtTm", moment(report.date_to))
            layout.tree(element("GrpHdr", element("MsgId", reference(_message_id(sections))), made))
            for settlement, transactions in sections:
                with layout.block("Stmt"):
                    statement = statement_of(settlement)
                    for part in _head(settlement, statement, report.issuer, moment):
                        layout.tree(part)
                    write_entries(layout, settlement, statement, transactions, local_time)

    def check(self, path: Path) -> None:
        """Validate a finished file against `schemas/camt.053.001.08.xsd`; see `formats.Format.check`."""
        CHECK(path)


def _message_id(sections: Sequence[tuple[Settlement, object]]) -> str:
    """Return the statement's id; of several, the first one's and the last payout's number."""
    settlements = [settlement for settlement, _ in sections]
    more = [str(settlements[-1].payout)] if len(settlements) > 1 else []
    return "-".join([*map(_statement_id, settlements[:1]), *more])


def _statement_id(settlement: Settlement) -> str:
    return f"{settlement.account}-{settlement.payout}"


def _head(
    settlement: Settlement, statement: Statement, issuer: Issuer, moment: Callable[..., str]
) -> Iterable[etree._Element]:
    """Return everything that stands before the entries. It carries no clock time of its own (rule 19)."""
    first, last = settlement.date_from, settlement.settlement_date
    return (
        element("Id", reference(_statement_id(settlement))),
        element("ElctrncSeqNb", str(settlement.payout)),
        element("CreDtTm", moment(last)),
        element("FrToDt", element("FrDtTm", moment(first)), element("ToDtTm", moment(last, _LAST_SECOND))),
        _account(settlement, issuer),
        _balance("OPBD", statement.opening, settlement.currency, first),
        _balance("CLBD", statement.closing, settlement.currency, last),
        _summary(statement),
    )


def _account(settlement: Settlement, issuer: Issuer) -> etree._Element:
    merchant = settlement.merchant
    names = [element("Nm", cut(merchant.organization_name, 140))] if merchant.organization_name else []
    return element(
        "Acct",
        element("Id/Othr/Id", cut(settlement.account, 34)),
        element("Ccy", settlement.currency),
        element("Nm", cut(merchant.sales_unit_name, 70)),
        element("Ownr", *names, element("Id/OrgId/Othr/Id", cut(merchant.organization_number, 35))),
        element("Svcr/FinInstnId/Nm", cut(issuer.name, 140)),
    )


def _balance(kind: str, amount: int, currency: str, day: date) -> etree._Element:
    return element(
        "Bal",
        element("Tp/CdOrPrtry/Cd", kind),
        element("Amt", decimal_text(abs(amount)), Ccy=currency),
        element("CdtDbtInd", _side(amount)),
        element("Dt/Dt", day.isoformat()),
    )


def _summary(statement: Statement) -> etree._Element:
    net = statement.credits - statement.debits
    return element(
        "TxsSummry",
        element(
            "TtlNtries",
            element("NbOfNtries", str(statement.entries)),
            element("Sum", decimal_text(statement.credits + statement.debits)),
            element("TtlNetNtry", element("Amt", decimal_text(abs(net))), element("CdtDbtInd", _side(net))),
        ),
        element("TtlCdtNtries/Sum", decimal_text(statement.credits)),
        element("TtlDbtNtries/Sum", decimal_text(statement.debits)),
    )


def _side(amount: int) -> str:
    return "DBIT" if amount < 0 else "CRDT"
