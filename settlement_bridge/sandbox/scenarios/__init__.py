"""Merchants to test with: every world is made from a seed and a range of dates, and is the same each time."""

from collections.abc import Mapping
from datetime import date

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.sandbox.scenarios import clubs, shops, terms
from settlement_bridge.sandbox.scenarios.big_merchant import big_merchant
from settlement_bridge.sandbox.scenarios.small_merchants import SmallMerchants
from settlement_bridge.sandbox.scenarios.till import Frame
from settlement_bridge.sandbox.stored import together
from settlement_bridge.sandbox.world import World

UNTIL = date(2026, 11, 22)
DAYS = 60
BIG_DAYS = 7
TRANSACTIONS = 100_000
LEDGERS = 10_000


_STORED: Mapping[str, tuple[str, shops.Tell]] = {
    "webshop": ("daily payouts with fees retained, some refunds", shops.webshop),
    "sports-club": ("a VM number on weekly payout, with personal data and a bad week", clubs.sports_club),
    "concert": ("cancelled, everything refunded: negative balance, then a top-up", clubs.concert),
    "gross": ("gross settlement, fees invoiced monthly", terms.gross),
    "chain-of-shops": ("a joint ledger: several sales units of two organizations", shops.chain_of_shops),
    "finnish-cafe": ("payouts in euro, an owner in Finland's register", shops.finnish_cafe),
    "rolling-reserve": ("a part of the sales stays behind, the balance never returns to zero", terms.rolling_reserve),
    "late-fees": ("late and several fees, corrections, disputes, an aborted payout, a new type", terms.late_fees),
}
_ALL = (*(tell for _, tell in _STORED.values()), shops.second_webshop)


def scenarios() -> Mapping[str, str]:
    """Return every scenario's name with a description of one line."""
    return {
        **{name: summary for name, (summary, _) in _STORED.items()},
        "big-merchant": "any number of transactions in one payout, made up page by page",
        "ten-thousand-small": "ten thousand ledgers with a handful of entries each, made up as they are asked for",
        "all": f"{len(_ALL)} ledgers, one or two of each kind except the huge ones",
    }


def scenario(
    name: str,
    *,
    seed: int = 7,
    until: date = UNTIL,
    days: int | None = None,
    transactions: int = TRANSACTIONS,
    ledgers: int = LEDGERS,
) -> World:
    """Return a world by name.

    `until` is its last ledger date and `days` the number of ledger dates (60; the big merchant has 7). `transactions`
    is the big merchant's, `ledgers` that of the ten thousand small ones; other scenarios do not look at them.
    Raises ConfigurationError for a name there is not and for a number below one.
    """
    for what, number in (("days", days), ("transactions", transactions), ("ledgers", ledgers)):
        if number is not None and number < 1:
            raise ConfigurationError([f"a sandbox with {what} = {number} is empty; give one or more"])
    frame = Frame(seed, until, days or (BIG_DAYS if name == "big-merchant" else DAYS))
    if name == "big-merchant":
        return big_merchant(frame, transactions)
    if name == "ten-thousand-small":
        return SmallMerchants(frame, ledgers)
    if name == "all":
        return together([tell(frame) for tell in _ALL])
    if name not in _STORED:
        raise ConfigurationError([f"there is no sandbox scenario {name!r}; choose one of {', '.join(scenarios())}"])
    _, tell = _STORED[name]
    return tell(frame)
