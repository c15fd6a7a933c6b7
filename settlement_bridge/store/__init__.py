"""The database: mirrored books, payouts, settlements, deliveries."""

from settlement_bridge.store.alarms import Alarm
from settlement_bridge.store.books import MirroredBook
from settlement_bridge.store.copy import TableSum, copy_store, count_rows
from settlement_bridge.store.deliveries import Delivery, DeliveryState
from settlement_bridge.store.documents import CHUNK, Document, DocumentPlace
from settlement_bridge.store.inboxes import Folder, View
from settlement_bridge.store.leases import Holder
from settlement_bridge.store.ledgers import StoredLedger
from settlement_bridge.store.mirror import NOT_READ
from settlement_bridge.store.moved import move_away
from settlement_bridge.store.organizations import RegisteredOrganization
from settlement_bridge.store.overlaps import describe
from settlement_bridge.store.periods import Periods, RowKind
from settlement_bridge.store.resync import Difference
from settlement_bridge.store.runs import Run
from settlement_bridge.store.search import Match
from settlement_bridge.store.settlement_draft import SettlementDraft
from settlement_bridge.store.settlements import StoredSettlement
from settlement_bridge.store.store import Store, open_store

__all__ = [
    "CHUNK",
    "NOT_READ",
    "Alarm",
    "Delivery",
    "DeliveryState",
    "Difference",
    "Document",
    "DocumentPlace",
    "Folder",
    "Holder",
    "Match",
    "MirroredBook",
    "Periods",
    "RegisteredOrganization",
    "RowKind",
    "Run",
    "SettlementDraft",
    "Store",
    "StoredLedger",
    "StoredSettlement",
    "TableSum",
    "View",
    "copy_store",
    "count_rows",
    "describe",
    "move_away",
    "open_store",
]
