"""Says what a file or a model is, told from its bytes, and what of it does not fit together."""

from convert.inspection.inspect import inspect
from convert.inspection.inspection import Finding, Inspection

__all__ = ["Finding", "Inspection", "inspect"]
