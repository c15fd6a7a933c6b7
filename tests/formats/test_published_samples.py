"""What is rendered from the values of a published file is that file."""

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from settlement_bridge.instants import to_micros
from settlement_bridge.model import (
    Issuer,
    Merchant,
    Report,
    Settlement,
    SettlementType,
    Totals,
    Transaction,
)
from tests.formats.reports import OSLO, write_rendered

NAMESPACE = "{http://vipps.no/xmlschema/SettlementReport-3.0.xsd}"
MERCHANT_FIELDS = (
    *("SerialNumber", "SaleUnitName", "OrganizationNumber", "OrganizationName"),
    *("MainAddress", "MainAddressZipCode", "MainAddressCity", "MainAddressCountryCode"),
)
ISSUER_FIELDS = ("Name", "WebSite", "VisitingAddress", "PostBox", "PostAddress", "Country")


def text(element: etree._Element, path: str) -> str:
    return element.findtext("/".join(NAMESPACE + step for step in path.split("/"))) or ""


def minor_units(element: etree._Element, path: str) -> int:
    return int(text(element, path).replace(".", ""))


def transaction(row: etree._Element) -> Transaction:
    return Transaction(
        instant=to_micros(datetime.fromisoformat(text(row, "TransactionTime"))),
        capture=minor_units(row, "TransactionCaptureAmount"),
        refund=minor_units(row, "TransactionRefundAmount"),
        fee=minor_units(row, "TransactionFeeAmount"),
        number=int(text(row, "TransactionID")),
        order_id=text(row, "OrderID"),
        mapped_from=None,
    )


def read(path: Path) -> Report:
    """Return the report behind a published file."""
    details: Any = etree.parse(str(path)).getroot().find(f"{NAMESPACE}SettlementDetailsInfo")
    payments = details.find(f"{NAMESPACE}PaymentsInfo")
    issuer: Any = etree.parse(str(path)).getroot().find(f"{NAMESPACE}VippsInfo")
    merchant = Merchant(*(text(details, name) for name in MERCHANT_FIELDS))
    date_from, date_to = (date.fromisoformat(text(payments, name)) for name in ("ReportDateFrom", "ReportDateTo"))

    def section(info: etree._Element) -> tuple[Settlement, list[Transaction]]:
        names = ("CaptureSettlementAmount", "RefundSettlementAmount", "FeeSettlementAmount")
        settlement = Settlement(
            ledger_id="1",
            payout=int(text(info, "SettlementID")),
            settlement_date=date.fromisoformat(text(info, "SettlementDate")),
            date_from=date_from,
            currency=text(info, "SettlementCurrencyCode"),
            bank_account=text(payments, "SettlementAccountNum"),
            type=SettlementType(text(info, "SettlementType")),
            settled_amount=minor_units(info, "SettledAmount"),
            merchant=merchant,
            totals=Totals(int(text(info, "NumOfTransactions")), *(minor_units(info, name) for name in names)),
        )
        return settlement, [transaction(row) for row in info.iter(f"{NAMESPACE}TransactionInfo")]

    return Report(
        merchant=merchant,
        date_from=date_from,
        date_to=date_to,
        currency=text(payments, "SettlementCurrencyCode"),
        bank_account=text(payments, "SettlementAccountNum"),
        sections=[section(info) for info in payments.iter(f"{NAMESPACE}SettlementInfo")],
        issuer=Issuer(*(text(issuer, name) for name in ISSUER_FIELDS)),
        zone=OSLO,
    )


@pytest.mark.parametrize(
    "name",
    [
        "settlement-files/example-net.xml",
        "settlement-files/sportsklubb-16655.xml",
        "replay/example-net/expected/100716-2000001.xml",
        "replay/example-net/expected/100716-2000002.xml",
        "replay/sportsklubb/expected/16655-2000004.xml",
    ],
)
def test_rendering_a_published_files_values_gives_that_file(reference: Path, tmp_path: Path, name: str) -> None:
    published = reference / "reference" / name
    actual = write_rendered(tmp_path / "actual.xml", read(published))
    compare = reference / "conformance" / "compare_settlement_xml.py"
    compared = subprocess.run(
        [sys.executable, compare, published, actual], capture_output=True, text=True, timeout=60, check=False
    )
    assert compared.stdout.startswith("same: "), compared.stdout + compared.stderr
    assert compared.returncode == 0
