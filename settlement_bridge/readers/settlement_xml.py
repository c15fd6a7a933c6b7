"""SettlementReport 3.0 and 2.0, as the old service wrote them, and as this project does."""

from collections.abc import Iterator, Mapping
from typing import IO, Any

from settlement_bridge.model import Filed, FiledKey, FiledRow, FiledSettlement, FiledTotals
from settlement_bridge.readers.blocks import blocks, texts
from settlement_bridge.readers.values import NotRead, amount, day, instant, integer

VERSIONS = {
    "http://vipps.no/xmlschema/SettlementReport-3.0.xsd": "3.0",
    "http://vipps.dnb.no/XMLSchema/SettlementReport.xsd": "2.0",
}
"""By namespace."""
_ROW, _SETTLEMENT, _PAYMENTS = "TransactionInfo", "SettlementInfo", "PaymentsInfo"
_Texts = Mapping[str, str]


def read_xml(stream: IO[bytes]) -> Iterator[Filed]:
    """Yield rows and settlements in the order of the file, the file's totals last; raises NotRead."""
    found = 0
    section: Any = None
    for name, element in blocks(stream, (_ROW, _SETTLEMENT, _PAYMENTS)):
        if name == _ROW:
            if element.getparent() is not section:
                section = element.getparent()
                key = _key(section)
            yield _row(key, element.sourceline or 0, texts(element))
        elif name == _SETTLEMENT:
            found += 1
            yield _settlement(_key(element), texts(element), _head(element))
        else:
            yield _totals(texts(element))
    if not found:
        raise NotRead("it has no SettlementInfo")


def _head(section: Any) -> _Texts:
    """Return what is said of the merchant and the period, above a settlement."""
    payments = section.getparent()
    details = payments.getparent() if payments is not None else None
    return {} if details is None else {**texts(details), **texts(payments)}


def _key(section: Any) -> FiledKey:
    payout, msn = texts(section).get("SettlementID"), _head(section).get("SerialNumber")
    if payout is None or msn is None:
        raise NotRead(f"line {section.sourceline}: a settlement without SettlementID or SerialNumber before its rows")
    return FiledKey(msn, integer(payout, "SettlementID"))


def _row(key: FiledKey, line: int, values: _Texts) -> FiledRow:
    def money(name: str) -> int:
        return amount(values.get(name, ""), f"line {line}: {name}")

    apart = "TransactionCaptureAmount" in values
    time = "TransactionTime" if "TransactionTime" in values else "TransactionDate"
    return FiledRow(
        key=key,
        line=line,
        number=values.get("TransactionID", ""),
        order_id=values.get("OrderID", ""),
        when=instant(values.get(time, ""), f"line {line}: {time}"),
        capture=money("TransactionCaptureAmount") if apart else None,
        refund=money("TransactionRefundAmount") if apart else None,
        gross=money("TransactionGrossAmount"),
        fee=money("TransactionFeeAmount"),
        net=money("TransactionNetAmount"),
    )


def _settlement(key: FiledKey, values: _Texts, head: _Texts) -> FiledSettlement:
    def money(name: str) -> int | None:
        return amount(values[name], f"{name} of settlement {key.payout}") if name in values else None

    date_name = "SettlementDate" if "SettlementDate" in values else "SettlementBatchDate"
    return FiledSettlement(
        key=key,
        settlement_date=day(values.get(date_name, ""), date_name),
        type=values.get("SettlementType"),
        currency=values.get("SettlementCurrencyCode"),
        bank_account=head.get("SettlementAccountNum"),
        count=integer(values.get("NumOfTransactions", ""), "NumOfTransactions"),
        captures=money("CaptureSettlementAmount"),
        refunds=money("RefundSettlementAmount"),
        gross=money("GrossSettlementAmount"),
        fees=money("FeeSettlementAmount"),
        net=money("NetSettlementAmount"),
        settled_amount=money("SettledAmount"),
        sales_unit_name=head.get("SaleUnitName"),
        organization_number=head.get("OrganizationNumber"),
        organization_name=head.get("OrganizationName"),
        address=head.get("MainAddress"),
        zip_code=head.get("MainAddressZipCode"),
        city=head.get("MainAddressCity"),
        country_code=head.get("MainAddressCountryCode"),
        date_from=day(head.get("ReportDateFrom", ""), "ReportDateFrom"),
        date_to=day(head.get("ReportDateTo", ""), "ReportDateTo"),
    )


def _totals(values: _Texts) -> FiledTotals:
    def money(name: str) -> int | None:
        return amount(values[name], name) if name in values else None

    count = values.get("NumOfSettlements")
    return FiledTotals(
        settlements=None if count is None else integer(count, "NumOfSettlements"),
        gross=money("TotalSettledGrossAmount"),
        refunds=money("TotalSettledRefundAmount"),
        fees=money("TotalSettledFeeAmount"),
        net=money("TotalSettledNetAmount"),
    )
