"""What a user would write in an afternoon: requests, json, ElementTree, everything in memory, nothing checked."""

import json
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

    def run(self) -> None:
        """Fetch, join, write."""
        for ledger in self.get("/settlement/v1/ledgers")["items"]:
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
        answer: dict[str, Any] = json.loads(self.session.get(self.url + path, params=params).text)
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
        """Write one payout's file."""
        msn = ledger["settlesForRecipientHandles"][0].split(":")[1]
        number = payout["pspReference"].split("-")[1]
        root = ET.Element("SettlementReport", xmlns=NAMESPACE)
        details = ET.SubElement(root, "SettlementDetailsInfo")
        for name, value in (("SaleUnitName", ""), ("SerialNumber", msn), ("OrganizationName", "")):
            ET.SubElement(details, name).text = value
        payments = ET.SubElement(details, "PaymentsInfo")
        info = ET.SubElement(payments, "SettlementInfo")
        ET.SubElement(info, "SettlementDate").text = payout["ledgerDate"]
        ET.SubElement(info, "SettlementID").text = number
        total = 0
        for row in rows:
            amount, fee = row["amount"], fees.get(row["pspReference"], 0)
            total += amount - fee
            self.write_row(ET.SubElement(info, "TransactionInfo"), row, amount, fee)
        ET.SubElement(info, "NumOfTransactions").text = str(len(rows))
        ET.SubElement(info, "NetSettlementAmount").text = f"{total / 100:.2f}"
        path = self.folder / f"{msn}-{number}.xml"
        ET.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)

    def write_row(self, element: ET.Element, row: dict[str, Any], amount: int, fee: int) -> None:
        """Write one transaction."""
        time = datetime.fromisoformat(row["time"]).astimezone(OSLO)
        for name, value in (
            ("TransactionTime", time.isoformat(timespec="milliseconds")),
            ("TransactionCaptureAmount", f"{max(amount, 0) / 100:.2f}"),
            ("TransactionRefundAmount", f"{min(amount, 0) / 100:.2f}"),
            ("TransactionGrossAmount", f"{amount / 100:.2f}"),
            ("TransactionNetAmount", f"{(amount - fee) / 100:.2f}"),
            ("TransactionFeeAmount", f"{fee / 100:.2f}"),
            ("SettlementCurrencyCode", row["currency"]),
            ("TransactionID", row["pspReference"]),
            ("OrderID", row["reference"]),
        ):
            ET.SubElement(element, name).text = value
