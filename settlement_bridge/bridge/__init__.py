"""The pipeline: the only room that knows all the stages."""

from typing import TYPE_CHECKING

from settlement_bridge.bridge.alike import alike, cause, cause_of
from settlement_bridge.bridge.audit import Audit, BookAudit, finding_sentence
from settlement_bridge.bridge.bridge import Bridge
from settlement_bridge.bridge.check import Finding
from settlement_bridge.bridge.compare import ComparedFile
from settlement_bridge.bridge.conditions import Condition, ConditionKind, Stand
from settlement_bridge.bridge.copies import CopyProgress
from settlement_bridge.bridge.file_list import FileList, list_files
from settlement_bridge.bridge.find import Found
from settlement_bridge.bridge.format_choice import FormatChoice
from settlement_bridge.bridge.handover import Delivered
from settlement_bridge.bridge.inspect import Inspected, inspect
from settlement_bridge.bridge.open_items import OpenItems
from settlement_bridge.bridge.outcome import LedgerOutcome, LedgerState, NoProgress, Progress, RunOutcome
from settlement_bridge.bridge.period_report import Period, PeriodReport
from settlement_bridge.bridge.serving import listeners, users_of
from settlement_bridge.bridge.status import LedgerStatus, Status
from settlement_bridge.bridge.tuning import tune_interpreter
from settlement_bridge.bridge.upkeep import Upkeep
from settlement_bridge.comparison import (
    Difference,
    EntryFinding,
    Grade,
    SettlementContents,
    SettlementDifferences,
    Slip,
    Value,
    Verdict,
)
from settlement_bridge.formats import EXTENSIONS
from settlement_bridge.store import Alarm, Delivery, DeliveryState, Document, Holder, Run, TableSum

if TYPE_CHECKING:  # takes long to load, and few need it
    from settlement_bridge.sftp_server import SftpServer, Users

__all__ = [
    "EXTENSIONS",
    "Alarm",
    "Audit",
    "BookAudit",
    "Bridge",
    "ComparedFile",
    "Condition",
    "ConditionKind",
    "CopyProgress",
    "Delivered",
    "Delivery",
    "DeliveryState",
    "Difference",
    "Document",
    "EntryFinding",
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
    "OpenItems",
    "Period",
    "PeriodReport",
    "Progress",
    "Run",
    "RunOutcome",
    "SettlementContents",
    "SettlementDifferences",
    "SftpServer",
    "Slip",
    "Stand",
    "Status",
    "TableSum",
    "Upkeep",
    "Users",
    "Value",
    "Verdict",
    "alike",
    "cause",
    "cause_of",
    "finding_sentence",
    "inspect",
    "list_files",
    "listeners",
    "tune_interpreter",
    "users_of",
]
