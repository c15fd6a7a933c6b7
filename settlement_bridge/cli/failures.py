"""The one place that turns errors into sentences on stderr and an exit code."""

import click

from settlement_bridge.cli.output import complain
from settlement_bridge.errors import EXIT_FAILED, EXIT_INTERRUPTED, BridgeError, ConfigurationError


def report(error: Exception) -> int:
    """Say what went wrong and return the exit code; raises errors that no user, server or disk can have caused."""
    match error:
        case click.exceptions.Abort():
            complain("interrupted; the next run goes on where this one stopped")
            return EXIT_INTERRUPTED
        case click.ClickException():
            error.show()
            return error.exit_code
        case ConfigurationError(problems=problems):
            complain("the configuration cannot be used:")
            for problem in problems:
                complain(f"- {problem}", prefix="  ")
            return error.exit_code
        case BridgeError():
            complain(str(error))
            return error.exit_code
        case BrokenPipeError():
            return EXIT_FAILED  # whoever read our output has had enough: nothing to say, nobody to say it to
        case OSError():
            complain(f"{error.filename or 'the output'}: {error.strerror or error}")
            return EXIT_FAILED
        case _:
            raise error
