"""The pipeline: the only room that knows all the stages."""

from settlement_bridge.bridge.bridge import Bridge
from settlement_bridge.bridge.check import Finding
from settlement_bridge.bridge.copies import CopyProgress
from settlement_bridge.bridge.find import Found
from settlement_bridge.bridge.format_choice import FormatChoice
from settlement_bridge.bridge.handover import Delivered
from settlement_bridge.bridge.outcome import LedgerOutcome, LedgerState, NoProgress, Progress, RunOutcome
from settlement_bridge.bridge.status import LedgerStatus, Status
from settlement_bridge.bridge.tuning import tune_interpreter
from settlement_bridge.formats import EXTENSIONS
from settlement_bridge.store import Delivery, DeliveryState, Holder, Run, TableSum

__all__ = [
    "EXTENSIONS",
    "Bridge",
    "CopyProgress",
    "Delivered",
    "Delivery",
    "DeliveryState",
    "Finding",
    "FormatChoice",
    "Found",
    "Holder",
    "LedgerOutcome",
    "LedgerState",
    "LedgerStatus",
    "NoProgress",
    "Progress",
    "Run",
    "RunOutcome",
    "Status",
    "TableSum",
    "tune_interpreter",
]
