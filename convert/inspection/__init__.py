"""Says what a file or a model is, told from its bytes, and what of it does not fit together."""

from convert.inspection.findings import Inspection, Remark
from convert.inspection.inspect import inspect

__all__ = ["Inspection", "Remark", "inspect"]
