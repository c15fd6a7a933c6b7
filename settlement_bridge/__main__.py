"""`python -m settlement_bridge` is the command `settlement-bridge`."""

from settlement_bridge.cli import main

main()
