"""Money as text: integers in minor units become decimals with two places, once and here (rule 15)."""

from functools import lru_cache


@lru_cache(maxsize=8192)
def decimal_text(minor_units: int) -> str:
    """Return øre, cent or öre as `-1234.05`: two decimals, a point, no grouping.

    Every currency of the Report API (NOK, DKK, EUR, SEK) has two decimals. Zero is `0.00`, never `-0.00`.
    Remembered, because zero, fees and prices come again and again.
    """
    if minor_units < 0:
        return f"-{-minor_units // 100}.{-minor_units % 100:02}"
    return f"{minor_units // 100}.{minor_units % 100:02}"
