"""Everything that can go wrong, as one tree.

An error's message is one sentence for a person: the value, the place, the remedy. The class says what the run
must do about it and which exit code the command ends with.
"""

from collections.abc import Sequence

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_TRY_LATER = 75
EXIT_CONFIGURATION = 78
EXIT_INTERRUPTED = 130


class BridgeError(Exception):
    """Something a user, a server or a disk did; shown as a sentence, never as a traceback."""

    exit_code = EXIT_FAILED


class ConfigurationError(BridgeError):
    """The configuration cannot be used; carries every problem found, each a sentence with key, value and remedy."""

    exit_code = EXIT_CONFIGURATION

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class KeysRefused(BridgeError):
    """The Report API does not accept the keys; says which of them and what the API answered."""

    exit_code = EXIT_CONFIGURATION


class DialectGone(BridgeError):
    """The server no longer speaks v1 (`410 Gone`); says what to set instead."""

    exit_code = EXIT_CONFIGURATION


class ApiUnavailable(BridgeError):
    """The Report API could not be reached or did not answer usefully, after all retries; the next run tries again."""

    exit_code = EXIT_TRY_LATER


class RegisterUnavailable(BridgeError):
    """A public register could not be asked, or answered nothing that can be used; no file ever waits for it."""

    exit_code = EXIT_TRY_LATER


class DataRefused(BridgeError):
    """What a ledger holds cannot be true (rule 21): the ledger is held until somebody looks; names the entries."""

    def __init__(self, ledger_id: str, reason: str) -> None:
        super().__init__(f"ledger {ledger_id} is held: {reason}")
        self.ledger_id = ledger_id
        self.reason = reason


class NotFound(BridgeError):
    """A ledger, payout or user the person named is not known here."""


class StoreUnavailable(BridgeError):
    """The database is locked, full or out of reach; nothing was written and the next run tries again."""

    exit_code = EXIT_TRY_LATER


class StoreBroken(BridgeError):
    """The database cannot be read: damaged, of a newer version, or not a database at all."""


class StoreMoved(BridgeError):
    """The store's place has been taken by a copy of it in another database; names it."""

    exit_code = EXIT_CONFIGURATION


class TooLarge(BridgeError):
    """A number to be kept, or a sum of numbers that are, needs more than 64 bits: no amount of money does."""


class TargetRefused(BridgeError):
    """A store cannot be copied to where it should go; somebody has to name another place."""


class Busy(BridgeError):
    """Another process works on this store; names it."""

    exit_code = EXIT_TRY_LATER


class RenderingRefused(BridgeError):
    """A rendered file is not valid against its schema; it is never published."""


class NotComparable(BridgeError):
    """Two things cannot be held against each other; says why, and what to do first."""


class FileRefused(BridgeError):
    """A file that somebody named is no settlement file, or not a whole one; says which, and why."""


class DeliveryRefused(BridgeError):
    """A file must not be delivered: its path holds other content, or its name is not safe; somebody has to look."""


class DeliveryFailed(BridgeError):
    """A destination did not take a file (full, read-only, unreachable); the next run tries again."""

    exit_code = EXIT_TRY_LATER
