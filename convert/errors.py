"""The errors of conversion, a branch of the tree in models/errors.py.

ConvertError               a model that cannot be converted
├─ CheckpointRefused       the weight file is damaged, hostile, or not of the supported format
└─ WeightsMissing          nothing to convert: no trained weights are at hand
"""

from models.errors import ClassifyError


class ConvertError(ClassifyError):
    """A model that cannot be converted."""

    code = "convert_error"


class CheckpointRefused(ConvertError):
    """The weight file is damaged, hostile, or not of the supported format."""

    code = "checkpoint_refused"


class WeightsMissing(ConvertError):
    """Nothing to convert: no trained weights are at hand."""

    code = "weights_missing"
