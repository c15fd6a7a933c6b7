"""Asks public registers of organizations for what the Report API does not know: names and addresses (rule 14)."""

from settlement_bridge.registers.finland import Ytj
from settlement_bridge.registers.norway import Enhetsregisteret
from settlement_bridge.registers.register import Register
from settlement_bridge.registers.registers import Registers

__all__ = ["Enhetsregisteret", "Register", "Registers", "Ytj"]
