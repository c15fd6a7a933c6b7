"""Made-up numbers are the same on every machine, and right by their check digits."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from settlement_bridge.sandbox.names import bank_account, business_id, organization_number, ulid

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_text_gives_the_same_numbers_everywhere() -> None:
    assert ulid("a", NOON) == "01M81J18G0GXZJKSB28S74CJBY"
    assert organization_number("a") == "314047273"
    assert bank_account("a") == "00004047273"


@given(st.text())
def test_the_check_digit_of_a_business_id_is_right(text: str) -> None:
    digits, _, check = business_id(text).partition("-")
    weights = (7, 9, 10, 5, 8, 4, 2)
    assert (sum(int(a) * b for a, b in zip(digits, weights, strict=True)) + int(check)) % 11 == 0


@given(st.text())
def test_check_digits_are_right(text: str) -> None:
    for number, weights in ((organization_number(text), "327654321"), (bank_account(text), "54327654321")):
        assert sum(int(a) * int(b) for a, b in zip(number, weights, strict=True)) % 11 == 0
