"""Texts of foreign JSON as a file can hold them."""

import re
from collections.abc import Iterable

LONGEST = 200
"""Characters kept of a name or an address; no real one is longer."""

_UNSTORABLE = re.compile("[\ud800-\udfff\0]")


def text(value: object) -> str:
    """Return a text (or a whole number) on one line; anything else is empty."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return _UNSTORABLE.sub("\ufffd", " ".join(str(value).split()))[:LONGEST]


def joined(parts: Iterable[object], by: str) -> str:
    """Return the texts there are, one behind the other."""
    return by.join(filter(None, map(text, parts)))[:LONGEST]
