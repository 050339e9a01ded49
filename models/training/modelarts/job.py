"""A ModelArts training job: fetch data from OBS, train, export the frozen model, send everything back to OBS."""

from dataclasses import replace
from pathlib import Path

from mindspore import communication

from models.training.checkpoints import Folder
from models.training.export import run_export
from models.training.modelarts.object_store import download, upload
from models.training.training import run_training
from models.training.training_config import Config
from models.training.training_errors import CheckpointUnfit, ConfigInvalid

CACHE = Path("/cache")  # the fast disk of a ModelArts node
RESULT = "model"  # the frozen model's folder in the outputs


def run_job(config: Config) -> Path:
    """Fetch, train, export, send; returns the outputs' folder on this machine.

    `data_path` and `outputs_dir` are the local folders of data and outputs, by default below /cache. The outputs are sent even
    if the training fails, so that its checkpoints are not lost with the node. Raises TrainingError.
    """
    if not config.data_url or not config.train_url:
        raise ConfigInvalid("A ModelArts job needs data_url and train_url.", "Name the data set and the output path of the job.")
    data, outputs = Path(config.data_path or CACHE / "data"), Path(config.outputs_dir or CACHE / "train")
    download(config.data_url, data)
    local = replace(config, data_path=str(data), outputs_dir=str(outputs))
    if config.checkpoint_url:
        folder = download(config.checkpoint_url, outputs.parent / "checkpoint")
        local = replace(local, checkpoint_file_path=str(downloaded_checkpoint(folder, config.checkpoint_file_path)))
    try:
        run_training(local)
        if _is_first(local):
            export_frozen(local, outputs)
    finally:
        if outputs.is_dir() and _is_first(local):
            upload(outputs, config.train_url)
    return outputs


def export_frozen(config: Config, outputs: Path) -> Path:
    """Export the best checkpoint, or else the last one, to `model/` below the outputs, in the job's file_format."""
    folder = Folder(outputs / "ckpt_0")
    best = folder.path / "best.ckpt"
    checkpoint = best if best.is_file() else folder.files()[-1]
    name = outputs / RESULT / (config.file_name or config.network)
    return run_export(replace(config, checkpoint_file_path=str(checkpoint), file_name=str(name), run_distribute=False))


def downloaded_checkpoint(folder: Path, name: str) -> Path:
    """The checkpoint of that name in a downloaded folder, or the only one; raises CheckpointUnfit."""
    found = sorted(path for path in folder.rglob("*.ckpt") if not name or path.name == Path(name).name)
    if len(found) != 1:
        raise CheckpointUnfit(
            f"{folder} holds {len(found)} checkpoints{f' {name}' if name else ''}.", "Choose one with checkpoint_file_path."
        )
    return found[0]


def _is_first(config: Config) -> bool:
    if not config.run_distribute:
        return True
    try:
        return bool(communication.get_rank() == 0)
    except RuntimeError:  # the processes did not form a group
        return True
