"""The words of the field as frozen, typed values.

Amounts are integers in minor units (øre, cent). Times are aware datetimes. Values that come by the million are
named tuples, which cost a third of a frozen dataclass to make; all others are frozen dataclasses.
"""

from settlement_bridge.model.entries import (
    INVOICED,
    KNOWN_TYPES,
    MARK_TYPES,
    PAYOUT_TYPES,
    RETAINED,
    Book,
    FeeGroup,
    FeeSelection,
    FeeSpan,
    FundsRow,
    LedgerDay,
    LedgerEntry,
    Mark,
    Page,
    Payer,
    differing,
)
from settlement_bridge.model.entry_table import EntryColumns, EntryTable
from settlement_bridge.model.filed import Filed, FiledKey, FiledRow, FiledSettlement, FiledTotals, FileKind
from settlement_bridge.model.ledgers import (
    Identifier,
    Ledger,
    Organization,
    SalesUnit,
)
from settlement_bridge.model.payouts import (
    Payout,
    PayoutRecord,
    PayoutState,
    SettlementType,
)
from settlement_bridge.model.settlements import (
    Issuer,
    Merchant,
    Payers,
    Report,
    Settlement,
    Totals,
    Transaction,
)

__all__ = [
    "INVOICED",
    "KNOWN_TYPES",
    "MARK_TYPES",
    "PAYOUT_TYPES",
    "RETAINED",
    "Book",
    "EntryColumns",
    "EntryTable",
    "FeeGroup",
    "FeeSelection",
    "FeeSpan",
    "FileKind",
    "Filed",
    "FiledKey",
    "FiledRow",
    "FiledSettlement",
    "FiledTotals",
    "FundsRow",
    "Identifier",
    "Issuer",
    "Ledger",
    "LedgerDay",
    "LedgerEntry",
    "Mark",
    "Merchant",
    "Organization",
    "Page",
    "Payer",
    "Payers",
    "Payout",
    "PayoutRecord",
    "PayoutState",
    "Report",
    "SalesUnit",
    "Settlement",
    "SettlementType",
    "Totals",
    "Transaction",
    "differing",
]
