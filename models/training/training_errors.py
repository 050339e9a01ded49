"""The errors of training, a branch of the tree in models/model_errors.py.

TrainingError              a training, evaluation or export that cannot continue
├─ ConfigInvalid           an invalid key or value of the configuration
├─ DataInvalid             a data set that cannot be used: a wrong path, an empty class folder, an image that cannot be read
├─ DeviceUnavailable       the requested device or number format is not available here
├─ CheckpointUnfit         a checkpoint that is damaged, or of another architecture
├─ TrainingDiverged        the loss is no longer a number
├─ TrainingInterrupted     a signal stopped the training; it can be resumed
└─ ExportFailed            the network cannot be exported in that format here
"""

from models.model_errors import ClassifyError


class TrainingError(ClassifyError):
    """A training, evaluation or export that cannot go on.

    Do what the message says.
    """

    code = "training_error"


class ConfigInvalid(TrainingError):
    """A key or value of the configuration that cannot be.

    Correct the key: models/training/default_config.yaml lists them all.
    """

    code = "config_invalid"


class DataInvalid(TrainingError):
    """A data set that cannot be used: a wrong path, an empty class folder, an image that cannot be read.

    Correct the path or the files that the message names; `python -m models.training check` reads a whole set.
    """

    code = "data_invalid"


class DeviceUnavailable(TrainingError):
    """The device or number format asked for is not to be had here.

    Choose another device_target or number format, or install what the message names.
    """

    code = "device_unavailable"


class CheckpointUnfit(TrainingError):
    """A checkpoint that is damaged, or of another architecture.

    Give a checkpoint of this architecture, or set the architecture of the checkpoint.
    """

    code = "checkpoint_unfit"


class TrainingDiverged(TrainingError):
    """The loss is not a number any more.

    Lower the learning rate or raise the loss scale, and go on from the last checkpoint.
    """

    code = "training_diverged"


class TrainingInterrupted(TrainingError):
    """Someone stopped it; it can go on.

    Go on with the command that the message gives.
    """

    code = "training_interrupted"


class ExportFailed(TrainingError):
    """The network cannot be written in that format here.

    Choose another format, or export on a machine that has it.
    """

    code = "export_failed"
