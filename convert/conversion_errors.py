"""The errors of conversion, a branch of the tree in models/model_errors.py.

ConvertError               a model that cannot be converted
├─ CheckpointRefused       the weight file is damaged, hostile, or not of a supported format
├─ WeightsMissing          there are no trained weights to convert
├─ AippInvalid             an invalid aipp.config, or one that differs from the manifest
├─ AtcMissing              ATC is not on this machine
├─ AtcFailed               ATC refused the model, or would refuse it
└─ OmInvalid               a file that is not an OM, or not the requested one
"""

from models.model_errors import ClassifyError


class ConvertError(ClassifyError):
    """A model that cannot be converted.

    Do what the message says: it names the layer, the shape or the file that does not fit.
    """

    code = "convert_error"


class CheckpointRefused(ConvertError):
    """The weight file is damaged, hostile, or not of a supported format.

    Save the weights again, as safetensors or as a plain state dict: objects other than tensors are never read.
    """

    code = "checkpoint_refused"


class WeightsMissing(ConvertError):
    """There are no trained weights to convert.

    Install the package or give the file that the message names, or use --random for a benchmark.
    """

    code = "weights_missing"


class AippInvalid(ConvertError):
    """An invalid aipp.config, or one that differs from the manifest.

    Correct the named field, or let `ascend-classify convert aipp` write the config.
    """

    code = "aipp_invalid"


class AtcMissing(ConvertError):
    """ATC is not on this machine.

    Install the CANN toolkit and source its set_env.sh, or name the program with --atc.
    """

    code = "atc_missing"


class AtcFailed(ConvertError):
    """ATC refused the model, or would refuse it.

    Read the lines of ATC in the message; they name the operator or the option.
    """

    code = "atc_failed"


class OmInvalid(ConvertError):
    """A file that is not an OM, or not the requested one.

    Compile the model again with `ascend-classify convert atc`.
    """

    code = "om_invalid"
