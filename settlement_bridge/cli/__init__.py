"""The command line: one of the doors to the bridge.

A command lives in the module of its name, which holds it as `command`; it returns its exit code.
"""

from settlement_bridge.cli.entry import main

__all__ = ["main"]
