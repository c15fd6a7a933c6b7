"""What the program's own loggers say, on stderr."""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
"""What the filter for fail2ban expects."""


def log_to_stderr(verbose: bool) -> None:
    """Show errors only, or with `verbose` every request and retry; headers, where secrets travel, are never logged."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose else logging.ERROR,
        format=FORMAT,
        force=True,
    )
    logging.getLogger("settlement_bridge").setLevel(logging.DEBUG if verbose else logging.WARNING)
