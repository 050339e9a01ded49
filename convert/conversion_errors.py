"""The errors of conversion, a branch of the tree in models/model_errors.py.

ConvertError               a model that cannot be converted
├─ CheckpointRefused       the weight file is damaged, hostile, or not of a supported format
├─ WeightsMissing          nothing to convert: no trained weights are at hand
├─ AippInvalid             an aipp.config that cannot be, or that is not the one of the manifest
├─ AtcMissing              ATC is not on this machine
├─ AtcFailed               ATC refused the model, or would have
└─ OmInvalid               a file that is no OM, or not the one that was asked for
"""

from models.model_errors import ClassifyError


class ConvertError(ClassifyError):
    """A model that cannot be converted."""

    code = "convert_error"


class CheckpointRefused(ConvertError):
    """The weight file is damaged, hostile, or not of a supported format."""

    code = "checkpoint_refused"


class WeightsMissing(ConvertError):
    """Nothing to convert: no trained weights are at hand."""

    code = "weights_missing"


class AippInvalid(ConvertError):
    """An aipp.config that cannot be, or that is not the one of the manifest."""

    code = "aipp_invalid"


class AtcMissing(ConvertError):
    """ATC is not on this machine."""

    code = "atc_missing"


class AtcFailed(ConvertError):
    """ATC refused the model, or would have."""

    code = "atc_failed"


class OmInvalid(ConvertError):
    """A file that is no OM, or not the one that was asked for."""

    code = "om_invalid"
