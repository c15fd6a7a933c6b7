"""TransactionID: one stable `xs:long` for every reference the provider gives (rule 16).

Most references are numbers and stand for themselves. The others (ULIDs, UUIDs) are hashed into a range no
reference of the old service ever reached, so that the same text gives the same number on every machine.
"""

from hashlib import blake2b

LARGEST_LONG = 2**63 - 1
FIRST_MAPPED = 4 * 10**18
LAST_MAPPED = 9 * 10**18
_SPAN = LAST_MAPPED - FIRST_MAPPED


def transaction_number(text: str, attempt: int = 0) -> int:
    """Return the TransactionID of a reference.

    Digits without a leading zero that fit an `xs:long` are used as they are. Any other text maps to a number in
    [4·10¹⁸, 9·10¹⁸). `attempt` counts up when a number is already taken by another text, and always maps.
    """
    if attempt == 0 and is_own_number(text):
        return int(text)
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, salt=attempt.to_bytes(8, "big")).digest()
    return FIRST_MAPPED + int.from_bytes(digest, "big") % _SPAN


def is_own_number(text: str) -> bool:
    """Tell whether a reference can be its own TransactionID."""
    return text.isdecimal() and text.isascii() and text[0] != "0" and (len(text) < 19 or int(text) <= LARGEST_LONG)
