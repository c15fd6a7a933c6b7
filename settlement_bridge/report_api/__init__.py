"""Reads ledgers and their entries from the Report API, in both of its dialects."""

from settlement_bridge.report_api.api import ReportApi
from settlement_bridge.report_api.settings import ApiSettings

__all__ = ["ApiSettings", "ReportApi"]
