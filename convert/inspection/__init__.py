"""Describes a file or a model, from its bytes, and lists the parts that do not fit together."""

from convert.inspection.findings import Inspection, Remark
from convert.inspection.inspect import inspect

__all__ = ["Inspection", "Remark", "inspect"]
