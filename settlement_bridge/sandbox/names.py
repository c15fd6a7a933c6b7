"""References and numbers as they look in the field, made up from a text, so that a seed gives the same ones again."""

from datetime import datetime
from hashlib import blake2b

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _number(text: str, below: int) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=16).digest(), "big") % below


def ulid(text: str, time: datetime) -> str:
    """Return a ULID of that moment, as newer pspReferences are."""
    value = (int(time.timestamp() * 1000) << 80) | _number(text, 1 << 80)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -5, -5))


def organization_number(text: str) -> str:
    """Return an organization number of the series kept for synthetic ones, with a right check digit."""
    for attempt in range(100):
        digits = f"31{_number(f'{text} {attempt}', 10**6):06}"
        check = _check_digit(digits, (3, 2, 7, 6, 5, 4, 3, 2))
        if check < 10:
            return f"{digits}{check}"
    raise AssertionError("one in eleven numbers has no check digit, never a hundred in a row")


def business_id(text: str) -> str:
    """Return a Finnish business id (Y-tunnus) with a right check digit; real ones begin with 0 to 3."""
    for attempt in range(100):
        digits = f"9{_number(f'{text} {attempt}', 10**6):06}"
        check = _check_digit(digits, (7, 9, 10, 5, 8, 4, 2))
        if check < 10:
            return f"{digits}-{check}"
    raise AssertionError("one in eleven numbers has no check digit, never a hundred in a row")


def bank_account(text: str) -> str:
    """Return a Norwegian account number with a right check digit, of a bank that does not exist."""
    for attempt in range(100):
        digits = f"0000{_number(f'{text} {attempt}', 10**6):06}"
        check = _check_digit(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
        if check < 10:
            return f"{digits}{check}"
    raise AssertionError("one in eleven numbers has no check digit, never a hundred in a row")


def _check_digit(digits: str, weights: tuple[int, ...]) -> int:
    """Modulus 11; 10 means that the number is never given out."""
    return -sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11
