"""The pipeline: the only room that knows all the stages."""

from settlement_bridge.bridge.bridge import Bridge
from settlement_bridge.bridge.check import Finding
from settlement_bridge.bridge.compare import ComparedFile
from settlement_bridge.bridge.copies import CopyProgress
from settlement_bridge.bridge.file_list import FileList, list_files
from settlement_bridge.bridge.find import Found
from settlement_bridge.bridge.format_choice import FormatChoice
from settlement_bridge.bridge.handover import Delivered
from settlement_bridge.bridge.inspect import Inspected, inspect
from settlement_bridge.bridge.outcome import LedgerOutcome, LedgerState, NoProgress, Progress, RunOutcome
from settlement_bridge.bridge.status import LedgerStatus, Status
from settlement_bridge.bridge.tuning import tune_interpreter
from settlement_bridge.comparison import (
    Difference,
    Grade,
    SettlementContents,
    SettlementDifferences,
    Slip,
    Value,
    Verdict,
)
from settlement_bridge.formats import EXTENSIONS
from settlement_bridge.store import Delivery, DeliveryState, Holder, Run, TableSum

__all__ = [
    "EXTENSIONS",
    "Bridge",
    "ComparedFile",
    "CopyProgress",
    "Delivered",
    "Delivery",
    "DeliveryState",
    "Difference",
    "FileList",
    "Finding",
    "FormatChoice",
    "Found",
    "Grade",
    "Holder",
    "Inspected",
    "LedgerOutcome",
    "LedgerState",
    "LedgerStatus",
    "NoProgress",
    "Progress",
    "Run",
    "RunOutcome",
    "SettlementContents",
    "SettlementDifferences",
    "Slip",
    "Status",
    "TableSum",
    "Value",
    "Verdict",
    "inspect",
    "list_files",
    "tune_interpreter",
]
