"""TransactionID: one stable `xs:long` for every reference the provider gives (rule 16).

Most references are numbers and stand for themselves. The others (ULIDs, UUIDs) are hashed into a range no
reference of the old service ever reached, so that the same text gives the same number on every machine.
"""

from collections.abc import Sequence
from hashlib import blake2b

LARGEST_LONG = 2**63 - 1
FIRST_MAPPED = 4 * 10**18
LAST_MAPPED = 9 * 10**18
_SPAN = LAST_MAPPED - FIRST_MAPPED
_LONGEST = len(str(LARGEST_LONG))


def transaction_number(text: str, attempt: int = 0) -> int:
    """Return the TransactionID of a reference.

    Digits without a leading zero that fit an `xs:long` are used as they are. Any other text maps to a number in
    [4·10¹⁸, 9·10¹⁸). `attempt` counts up when a number is already taken by another text, and always maps.
    """
    if attempt == 0 and is_own_number(text):
        return int(text)
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, salt=attempt.to_bytes(8, "big")).digest()
    return FIRST_MAPPED + int.from_bytes(digest, "big") % _SPAN


def transaction_numbers(texts: Sequence[str]) -> list[int]:
    """Return the TransactionIDs of many references, at once where all are digits that surely fit."""
    joined = "".join(texts)
    # Of texts of digits, only an empty one and those that begin with 0 stand before "1".
    if joined.isdecimal() and joined.isascii() and min(texts) >= "1" and max(map(len, texts)) < 19:
        return list(map(int, texts))
    return list(map(transaction_number, texts))


def is_own_number(text: str) -> bool:
    """Tell whether a reference can be its own TransactionID."""
    return is_long(text) and text.isascii() and text[0] != "0"


def is_long(text: str) -> bool:
    """Tell whether a text is a number that fits an `xs:long`, however many digits it has."""
    return text.isdecimal() and len(text) <= _LONGEST and int(text) <= LARGEST_LONG
