"""One fault: what goes wrong, on which requests, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """A fault of some kind, on requests whose path and query contain `path`.

    Of the requests it could strike (counted from 1) it strikes `times` from the `nth` on; `times=None` means for ever.
    With a `probability` each of those is struck by a throw of dice that `seed` makes the same again.
    """

    kind: str
    path: str = ""
    nth: int = 1
    times: int | None = 1
    probability: float | None = None
    seed: int = 0
    options: Mapping[str, str] = field(default_factory=dict)
    """What the kind asks for besides, e.g. `retry-after`."""

    def number(self, option: str, otherwise: float) -> float:
        """Return an option as a number."""
        return float(self.options.get(option, otherwise))
