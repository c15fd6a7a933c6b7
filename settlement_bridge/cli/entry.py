"""Where every command line begins and ends."""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click

from settlement_bridge import __version__
from settlement_bridge.cli import failures
from settlement_bridge.cli.lazy_group import LazyGroup
from settlement_bridge.cli.logs import log_to_stderr
from settlement_bridge.cli.output import complain
from settlement_bridge.errors import EXIT_DONE, EXIT_USAGE

PROGRAM = "settlement-bridge"

COMMANDS = {
    "demo": "See it work: sync an embedded sandbox and show what comes out.",
    "sync": "Read what is new, settle it, publish what is due.",
    "run": "Do so on schedule, as a service.",
    "ledgers": "List the ledgers that the keys can see.",
    "status": "Show how every ledger stands.",
    "find": "Find the payout and the file of an order or transaction.",
    "render": "Write a payout's file without publishing it.",
    "compare": "Compare files of the old service with what the bridge makes.",
    "inspect": "Show what is in a settlement file, and whether it adds up.",
    "report": "Write one file with all settlements of a period.",
    "open": "Show what is on a ledger and not yet paid out.",
    "republish": "Publish a payout's files again.",
    "audit": "Read a ledger again by dates and compare it with the mirror.",
    "resync": "Read a ledger again from its start.",
    "check": "Find out whether everything is ready, and what to do if not.",
    "backup": "Copy the database into a file to be kept elsewhere.",
    "migrate-store": "Move the database to another one, of the same kind or not.",
    "serve": "Be the SFTP server that import jobs fetch their files from.",
    "inbox": "Show what an import job has still to fetch, or put files back.",
    "sandbox": "Serve a Report API to test with.",
    "completion": "Print the completion script of a shell.",
}
"""In the order a newcomer meets them."""


@click.group(
    cls=LazyGroup,
    package="settlement_bridge.cli",
    summaries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Configuration file. Left out: $SETTLEMENT_BRIDGE_CONFIG, ./config.toml, "
    "~/.config/settlement-bridge/config.toml or /etc/settlement-bridge/config.toml, whichever comes first.",
)
@click.option("--verbose", is_flag=True, help="Log to stderr what is asked of whom; secrets are never logged.")
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def application(context: click.Context, config: Path | None, verbose: bool) -> None:
    """Keeps import jobs for the retired SFTP settlement reports working, on top of the Report API.

    `sync` mirrors the books of every ledger, proves each payout to the øre and publishes it as a file where the
    import job looks for it. Every command has a manual of its own: settlement-bridge COMMAND --help

    \b
    Exit codes:
      0    done
      1    something failed, is held or was refused: somebody has to look
      2    the command was called wrongly
      75   not everything could be done now: try again later
      78   the configuration or the keys have to be corrected
      130  interrupted (143 by SIGTERM); the next run goes on where this one stopped

    \b
    To begin with:
      settlement-bridge demo
      settlement-bridge --config config.toml check
    """
    log_to_stderr(verbose)
    context.obj = config


def main() -> NoReturn:
    """Run the command line of this process and end the process with its exit code."""
    _never_without_streams()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; what went wrong is said on stderr."""
    _never_fail_on_letters()
    try:
        code = application.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
        return code or EXIT_DONE
    except OSError as error:
        return _report_and_let_go(error)
    except UnicodeEncodeError as error:
        if not any(str(error.object) in argument for argument in arguments):
            raise
        complain(f"{error.object!r} is no text in UTF-8, which everything here is: correct it, or the terminal")
        return EXIT_USAGE
    except Exception as error:
        return failures.report(error)


def _never_without_streams() -> None:
    """Open what was closed before we began, lest its number falls to a database; to print on stdout then fails."""
    flags = {"stdin": os.O_RDONLY, "stdout": os.O_RDONLY, "stderr": os.O_WRONLY}
    for number, (name, flag) in enumerate(flags.items()):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, flag)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _never_fail_on_letters() -> None:
    """Let a terminal without UTF-8 show a question mark for an ø, rather than an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _report_and_let_go(error: OSError) -> int:
    """Report; what is left for a closed or full stdout goes nowhere, lest Python tries again when it ends."""
    code = failures.report(error)
    with suppress(OSError, io.UnsupportedOperation):
        sys.stdout.flush()
        return code
    with suppress(OSError, io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
