"""All the registers there are, and the patience with them: no file waits long for one that is down."""

import time
from collections.abc import Callable, Sequence

from settlement_bridge.errors import RegisterUnavailable
from settlement_bridge.model import Identifier, Organization
from settlement_bridge.registers.register import Register

PAUSE = 600.0
"""Seconds for which a register that has failed once is left alone: for the rest of most runs."""


class Registers:
    """Registers by country; usable from many threads at once. Without any, nothing is looked up."""

    def __init__(self, registers: Sequence[Register] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self.all = tuple(registers)
        self._clock = clock
        self._failed_at: dict[str, float] = {}

    def covers(self, organization: Identifier) -> bool:
        """Tell whether one of the registers could know an organization."""
        return self._of(organization) is not None

    def look_up(self, organization: Identifier) -> Organization | None:
        """Return what an organization's register says; None where it knows no such organization, or there is none.

        Raises RegisterUnavailable, also without asking while the register is left alone after a failure.
        """
        register = self._of(organization)
        if register is None:
            return None
        failed_at = self._failed_at.get(register.name)
        if failed_at is not None and self._clock() - failed_at < PAUSE:
            raise RegisterUnavailable(f"{register.name} has just failed and is left alone for {PAUSE:.0f} s")
        try:
            return register.look_up(organization.id)
        except RegisterUnavailable:
            self._failed_at[register.name] = self._clock()
            raise

    def _of(self, organization: Identifier) -> Register | None:
        kind, _, rest = organization.scheme.partition(":")
        country = rest.partition(":")[0]
        holding = (one for one in self.all if one.country == country and one.holds(organization.id))
        return next(holding, None) if kind == "business" else None
