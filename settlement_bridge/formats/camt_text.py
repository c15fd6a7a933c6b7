"""Texts as ISO 20022 messages can hold them: of a limited length, and never empty."""

from hashlib import blake2b

from settlement_bridge.formats.text import xml_text

LONGEST_REFERENCE = 35
LONGEST_REMITTANCE = 140

_NOT_PROVIDED = "NOTPROVIDED"
"""What ISO 20022 says where there is nothing to say."""
_KEPT = 22


def reference(text: str) -> str:
    """Return a text as a reference (Max35Text).

    A longer one ends in `~` and twelve hexadecimal digits made from all of it: merely cut, two of them could become
    one, and a payment would be matched to another's order. An empty one is `NOTPROVIDED`.
    """
    text = xml_text(text)
    if len(text) <= LONGEST_REFERENCE:
        return text or _NOT_PROVIDED
    return f"{text[:_KEPT]}~{blake2b(text.encode(), digest_size=6).hexdigest()}"


def cut(text: str, longest: int) -> str:
    """Return a text for people, cut to a length; `NOTPROVIDED` where there is none."""
    return xml_text(text)[:longest] or _NOT_PROVIDED
