"""What can go wrong between an API and its client, on demand (`Fault`), each kind small and free to be combined."""

from settlement_bridge.sandbox.faults.fault import Fault
from settlement_bridge.sandbox.faults.mix import GROUPS, Mix
from settlement_bridge.sandbox.faults.parse import fault_kinds, parse_fault, parse_mix
from settlement_bridge.sandbox.faults.plan import FaultPlan, RequestFaults

__all__ = ["GROUPS", "Fault", "FaultPlan", "Mix", "RequestFaults", "fault_kinds", "parse_fault", "parse_mix"]
