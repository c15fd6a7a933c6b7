"""What a user would write in an afternoon: requests, json, ElementTree, everything in memory, nothing checked."""

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

OSLO = ZoneInfo("Europe/Oslo")
NAMESPACE = "http://vipps.no/xmlschema/SettlementReport-3.0.xsd"


class NaiveScript:
    """Fetches one ledger's books and writes its payouts as SettlementReport 3.0."""

    def __init__(self, url: str, keys: Any, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.session = requests.Session()
        headers = {
            "client_id": keys.client_id,
            "client_secret": keys.client_secret,
            "Ocp-Apim-Subscription-Key": keys.subscription_key,
        }
        token = self.session.post(f"{url}/accesstoken/get", headers=headers).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.session.headers["Ocp-Apim-Subscription-Key"] = keys.subscription_key

    def run(self, ledger_id: str) -> None:
        """Fetch, join, write."""
        for ledger in self.get("/settlement/v1/ledgers")["items"]:
            if ledger["ledgerId"] != ledger_id:
                continue
            fees: dict[str, int] = defaultdict(int)
            for entry in self.feed(ledger["ledgerId"], "fees"):
                if entry["entryType"] == "capture-fee":
                    fees[entry["pspReference"]] -= entry["amount"]
            rows: list[dict[str, Any]] = []
            for entry in list(self.feed(ledger["ledgerId"], "funds")):
                if entry["entryType"] == "payout-scheduled":
                    self.write(ledger, entry, rows, fees)
                    rows = []
                elif entry["entryType"] != "fees-retained":
                    rows.append(entry)

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """Return one answer."""
        answer: dict[str, Any] = self.session.get(self.url + path, params=params).json()
        return answer

    def feed(self, ledger_id: str, topic: str) -> Iterator[dict[str, Any]]:
        """Yield a book's entries."""
        params: dict[str, str] = {}
        while True:
            page = self.get(f"/report/v2/ledgers/{ledger_id}/{topic}/feed", **params)
            yield from page["items"]
            if page.get("tryLater"):
                return
            params = {"cursor": page["cursor"]}

    def write(self, ledger: dict[str, Any], payout: dict[str, Any], rows: list[dict[str, Any]], fees: Any) -> None:
        """Write one payout's file, laid out as the old service's were."""
        unit = ledger["salesUnits"][0]
        msn = unit["recipientHandle"].split(":")[1]
        number = payout["pspReference"].split("-")[1]
        root = ET.Element("SettlementReport", xmlns=NAMESPACE)
        details = add(root, "SettlementDetailsInfo")
        add(details, "SaleUnitName", unit["name"])
        add(details, "SerialNumber", msn)
        add(details, "OrganizationName", "")
        add(details, "OrganizationNumber", unit["businessIdentifier"]["id"])
        for name in ("MainAddress", "MainAddressZipCode", "MainAddressCity", "MainAddressCountryCode"):
            add(details, name, "")
        payments = add(details, "PaymentsInfo")
        add(payments, "ReportDateFrom", rows[0]["ledgerDate"])
        add(payments, "ReportDateTo", payout["ledgerDate"])
        add(payments, "SettlementCurrencyCode", payout["currency"])
        add(payments, "SettlementAccountNum", ledger["payoutBankAccount"]["id"])
        info = add(payments, "SettlementInfo")
        add(info, "SettlementDate", payout["ledgerDate"])
        add(info, "SettlementID", number)
        add(info, "SettlementCurrencyCode", payout["currency"])
        add(info, "SettlementType", "Net")
        captures = refunds = retained = 0
        for row in rows:
            capture, refund = max(row["amount"], 0), min(row["amount"], 0)
            fee = fees.get(row["pspReference"], 0)
            captures, refunds, retained = captures + capture, refunds + refund, retained + fee
            self.write_row(add(info, "TransactionInfo"), row, capture, refund, fee)
        add(info, "NumOfTransactions", str(len(rows)))
        add(info, "CaptureSettlementAmount", money(captures))
        add(info, "RefundSettlementAmount", money(refunds))
        add(info, "GrossSettlementAmount", money(captures + refunds))
        add(info, "NetSettlementAmount", money(captures + refunds - retained))
        add(info, "FeeSettlementAmount", money(retained))
        add(info, "SettledAmount", money(-payout["amount"]))
        add(payments, "NumOfSettlements", "1")
        issuer = add(root, "VippsInfo")
        add(issuer, "Name", "Vipps AS")
        add(issuer, "WebSite", "vipps.no")
        add(issuer, "VisitingAddress", "Dronning Eufemias Gate 42")
        add(issuer, "PostBox", "")
        add(issuer, "PostAddress", "N-0191 Oslo")
        add(issuer, "Country", "Norway")
        ET.indent(root)
        ET.ElementTree(root).write(self.folder / f"{msn}-{number}.xml", encoding="UTF-8", xml_declaration=True)

    def write_row(self, element: ET.Element, row: dict[str, Any], capture: int, refund: int, fee: int) -> None:
        """Write one transaction."""
        time = datetime.strptime(row["time"], "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(OSLO)
        add(element, "TransactionTime", time.isoformat(timespec="milliseconds"))
        add(element, "TransactionCaptureAmount", money(capture))
        add(element, "TransactionRefundAmount", money(refund))
        add(element, "TransactionGrossAmount", money(capture + refund))
        add(element, "TransactionNetAmount", money(capture + refund - fee))
        add(element, "TransactionFeeAmount", money(fee))
        add(element, "SettlementCurrencyCode", row["currency"])
        add(element, "TransactionID", row["pspReference"])
        add(element, "OrderID", row["reference"])


def add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    """Append an element."""
    element = ET.SubElement(parent, name)
    element.text = text
    return element


def money(amount: int) -> str:
    """Return øre as kroner."""
    return f"{amount / 100:.2f}"
