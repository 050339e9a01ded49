"""Export: a checkpoint as ONNX (any batch), MINDIR or AIR."""

import logging
from pathlib import Path

import mindspore as ms
import mindspore.onnx
import numpy as np
import onnx
from mindspore import Tensor, nn

from models.resnext import ResNeXt, architecture
from models.training.checkpoints import load_weights
from models.training.distributed import open_device
from models.training.training_config import Config
from models.training.training_errors import ConfigInvalid, ExportFailed
from models.whole_file import whole_file

LOG = logging.getLogger(__name__)
INPUT, OUTPUT, BATCH = "image", "scores", "N"
ENDINGS = {"ONNX": ".onnx", "MINDIR": ".mindir", "AIR": ".air"}


def run_export(config: Config) -> Path:
    """Write the checkpoint `checkpoint_file_path` in `file_format`; returns the path of the file. Raises TrainingError."""
    if not config.checkpoint_file_path:
        raise ConfigInvalid("No checkpoint to export is given.", "Name it: --checkpoint_file_path FILE.ckpt.")
    if config.file_format == "AIR" and config.device_target != "Ascend":
        raise ExportFailed(
            f"An AIR can be exported on Ascend only, not on {config.device_target}.",
            "Export --file_format ONNX: ATC reads it with --framework=5, and its batch is free.",
        )
    open_device(config)
    network = ResNeXt(architecture(config.network), config.num_classes)
    load_weights(network, Path(config.checkpoint_file_path))
    path = Path(config.file_name or config.network)
    path = path if path.suffix == ENDINGS[config.file_format] else path.with_name(path.name + ENDINGS[config.file_format])
    export(network, path, config)
    return path


def export(network: nn.Cell, path: Path, config: Config) -> None:
    """Write the network in inference mode: float32 "image" [N, 3, H, W], normalised RGB, to logits "scores" [N, classes].

    N is free in an ONNX, else `batch_size`. After a failure, `path` has no file or the former one. Raises ExportFailed.
    """
    network.set_train(mode=False)
    image = Tensor(np.zeros((config.batch_size, 3, *config.image_size), np.float32))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportFailed(
            f"The folder {path.parent} cannot be created: {error.strerror}.", "Choose another place with file_name."
        ) from None
    try:
        with whole_file(path, ending=path.suffix) as unfinished:  # MindSpore wants the ending
            _export(network, image, unfinished, config)
    except (RuntimeError, ValueError, OSError, onnx.checker.ValidationError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ExportFailed(f"{path} could not be written: {reason}", "Make sure that the folder is writable and has free space.") from None


def _export(network: nn.Cell, image: Tensor, path: Path, config: Config) -> None:
    if config.file_format != "ONNX":
        ms.export(network, image, file_name=str(path), file_format=config.file_format)
        return
    free = {INPUT: {0: BATCH}}
    mindspore.onnx.export(network, image, file_name=str(path), input_names=[INPUT], output_names=[OUTPUT], dynamic_axes=free)
    free_the_batch(path)


def free_the_batch(path: Path) -> None:
    """Set the free batch of the input also at the output; MindSpore does not. Raises ExportFailed if the graph fixes the batch."""
    model = onnx.load(path)
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_param = BATCH
    bound = [node.name for node in model.graph.node if node.op_type == "Reshape"]
    if bound:
        raise ExportFailed(f"These nodes fix the batch size: {', '.join(bound)}.", "Use only Flatten to reshape in the network.")
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
