"""A stand-in for both services that behaves as their documents say, with sample data in memory."""

from .application import CutConnection, Received, Sandbox
from .faults import Fault, Faults

__all__ = ["CutConnection", "Fault", "Faults", "Received", "Sandbox"]
