"""What can go wrong between an API and its client, on demand (`Fault`), each kind small and free to be combined."""

from settlement_bridge.sandbox.faults.fault import Fault
from settlement_bridge.sandbox.faults.plan import FaultPlan, fault_kinds, parse_fault

__all__ = ["Fault", "FaultPlan", "fault_kinds", "parse_fault"]
