"""What a public register of organizations is to the rest of the program."""

from typing import Protocol

from settlement_bridge.model import Organization


class Register(Protocol):
    """One country's register, asked over HTTP without keys."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def country(self) -> str:
        """The country in the scheme of its numbers: `NO` for `business:NO:ORG`."""

    def holds(self, number: str) -> bool:
        """Tell whether a number has the form of the register's numbers."""

    def look_up(self, number: str) -> Organization | None:
        """Return the organization of a number; None where the register knows none.

        Raises RegisterUnavailable where it cannot be asked or answers nothing that can be used.
        """

    def check(self) -> None:
        """Raise RegisterUnavailable where the register could not be asked now."""
