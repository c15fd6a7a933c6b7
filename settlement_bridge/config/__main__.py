"""Prints the example configuration: `python -m settlement_bridge.config > config.example.toml`."""

import sys

from settlement_bridge.config.example import example

sys.stdout.write(example())
