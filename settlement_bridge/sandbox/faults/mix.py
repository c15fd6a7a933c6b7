"""Faults in a random mix: any request may be struck, and the same seed strikes the same requests again."""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import accumulate
from random import Random
from threading import Lock
from types import MappingProxyType

from settlement_bridge.sandbox.answers import Request
from settlement_bridge.sandbox.faults.fault import Fault
from settlement_bridge.sandbox.faults.pages import AMOUNTS

PASSING = (
    *("401", "404", "429", "500", "502", "503", "504", "html"),
    *("repeat", "cursor-loop", "empty-page", "try-later", "unknown-field"),
    *("slow", "hang", "drip", "cut", "shortened", "reset", "clock"),
)
"""Kinds that leave no trace with a client that asks again, now or in its next run."""
UNTRUE = ("gap", "changed", "other-ledger", "amount", "duplicate-key")
"""Kinds that tell what cannot be true; a client must not believe it."""
NEW = ("null-handle", "unknown-type")
"""Kinds that tell what nobody has seen yet, and what is true nevertheless."""

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType({"passing": PASSING, "untrue": UNTRUE, "new": NEW})
USUAL_RATE = 0.05
MOST_IN_A_ROW = 2
"""So often the same request is struck before it is answered as it should be: who asks again gets through."""

_ABOUT_LEDGERS = "/report/"
_NEVER_AGAIN = ("401",)  # one that strikes the new token as well says that the keys are wrong
_NEVER_OF_KEYS = ("401", "404")  # the same, where a token is asked for


class Mix:
    """Kinds of faults, each with its rate: the share of requests that it strikes. Usable from many threads.

    What strikes a request depends on the seed, on what is asked, and on how often that was asked before, never on other
    requests: a client with many connections meets the same faults again.
    """

    def __init__(self, rates: Mapping[str, float], seed: int = 0) -> None:
        self.rates = MappingProxyType(dict(rates))
        self.seed = seed
        self._thresholds = tuple(zip(accumulate(rates.values()), rates, strict=True))
        self._asked: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self._lock = Lock()

    def draw(self, request: Request) -> Fault | None:
        """Return what strikes a request, and count it."""
        asked = f"{request.method} {request.target}"
        with self._lock:
            self._asked[asked] += 1
            dice = Random(f"{self.seed} {asked} {self._asked[asked]}")  # noqa: S311 - dice
            kind = self._kind(dice.random(), request, self._in_a_row[asked])
            self._in_a_row[asked] = self._in_a_row[asked] + 1 if kind else 0
        return Fault(kind, options=_VARIED[kind](dice) if kind in _VARIED else {}) if kind else None

    def _kind(self, thrown: float, request: Request, in_a_row: int) -> str | None:
        kind = next((kind for threshold, kind in self._thresholds if thrown < threshold), None)
        spared = in_a_row >= MOST_IN_A_ROW or (in_a_row > 0 and kind in _NEVER_AGAIN)
        if spared or (kind in _NEVER_OF_KEYS and _ABOUT_LEDGERS not in request.target):
            return None
        return kind

    def __str__(self) -> str:
        told = ", ".join(f"{kind} {100 * rate:.3g} %" for kind, rate in self.rates.items())
        return f"{told} of all requests, by seed {self.seed}"


def _percent(dice: Random) -> dict[str, str]:
    return {"at": f"{dice.randrange(100)}%"}


_VARIED: Mapping[str, Callable[[Random], Mapping[str, str]]] = {
    "401": lambda _: {"tokens": "kept"},
    "429": lambda dice: dice.choice(({}, {"retry-after": "1"})),
    "amount": lambda dice: {"as": dice.choice(tuple(AMOUNTS))},
    "clock": lambda dice: {"hours": dice.choice(("-26", "26"))},
    "cut": _percent,
    "drip": lambda dice: {"seconds": f"{2 * dice.random():.3f}"},
    "hang": lambda _: {"seconds": "90"},  # longer than clients wait; after that the thread is free again
    "reset": _percent,
    "shortened": _percent,
    "slow": lambda dice: {"seconds": f"{dice.random():.3f}"},
}
"""What a kind's options are drawn from."""
