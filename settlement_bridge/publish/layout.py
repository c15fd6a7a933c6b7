"""Builds every path there is, and refuses what is not safe in one (rule 18)."""

import re
from pathlib import PurePosixPath

from settlement_bridge.errors import DeliveryRefused

EXTENSIONS = frozenset(("camt.053.xml", "csv", "pdf", "xlsx", "xml", "xml.zip"))
"""What a document's name may end in; each has a folder of its own."""

_SAFE_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_SAFE_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


def inbox_path(organization_number: str, msn: str, payout: int, extension: str, suffix: str = "") -> PurePosixPath:
    """Where importers look for a settlement, as the retired service had it.

    `settlements/inbox/xml/998724341/16655/16655-2000001.xml`; a suffix (rule 13) follows the payout number.
    Raises DeliveryRefused for a value that is not letters, digits and hyphens, or an unknown extension.
    """
    if extension not in EXTENSIONS:
        raise DeliveryRefused(f"extension {extension!r} is not known: use one of {', '.join(sorted(EXTENSIONS))}")
    _refuse_unsafe_value("organization number", organization_number)
    _refuse_unsafe_value("payout number", str(payout))
    if suffix:
        _refuse_unsafe_value("suffix", suffix)
    name = file_name(msn, f"{payout}-{suffix}" if suffix else f"{payout}", extension)
    return PurePosixPath("settlements", "inbox", extension, organization_number, msn, name)


def file_name(msn: str, what: str, extension: str) -> str:
    """Return what a document of a sales unit is called, wherever it goes: `16655-2000001.xml`.

    Raises DeliveryRefused for a sales unit's number that is not letters, digits and hyphens.
    """
    _refuse_unsafe_value("merchant serial number", msn)
    return f"{msn}-{what}.{extension}"


def refuse_unsafe(path: PurePosixPath) -> None:
    """Raise DeliveryRefused unless `path` is relative and every part of it is safe on every file system.

    The destinations' own guard, whoever built the path.
    """
    if not path.parts or not all(_SAFE_PART.fullmatch(part) for part in path.parts):
        raise DeliveryRefused(
            f"path {str(path)!r} is not safe: give relative folders of letters, digits, '.', '_', '-'"
        )


def _refuse_unsafe_value(what: str, value: str) -> None:
    if not _SAFE_VALUE.fullmatch(value):
        raise DeliveryRefused(
            f"{what} {value[:80]!r} cannot be part of a path: it must be 1 to 64 letters, digits and hyphens, "
            "and not begin with a hyphen"
        )
