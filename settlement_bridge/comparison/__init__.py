"""Proof, without touching anything: a settlement file against another, against itself, and books against books.

Pure: streams of values in, frozen findings out.
"""

from settlement_bridge.comparison.books import BookComparison, EntryFinding, Reach, What, compare_books
from settlement_bridge.comparison.contents import FileContents, RowSums, SettlementContents, Slip, contents
from settlement_bridge.comparison.differences import Difference, Grade, RowName, SettlementDifferences, Value, Verdict
from settlement_bridge.comparison.settlement_files import compare

__all__ = [
    "BookComparison",
    "Difference",
    "EntryFinding",
    "FileContents",
    "Grade",
    "Reach",
    "RowName",
    "RowSums",
    "SettlementContents",
    "SettlementDifferences",
    "Slip",
    "Value",
    "Verdict",
    "What",
    "compare",
    "compare_books",
    "contents",
]
