"""The folder of a run: its configuration, its log, its checkpoints."""

import logging
import sys
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import yaml

from models.training.training_config import Config, load_config
from models.training.training_errors import CheckpointUnfit, ConfigInvalid
from models.whole_file import whole_file

CONFIG = "config.yaml"
ROOT = Path("outputs")
# A resumed run may change these keys: they set places and durations, not the computation.
FREE = {
    *("device_target", "device_id", "dataset_sink_mode", "resume", "data_path", "eval_data_path", "eval_per_batch_size", "outputs_dir"),
    *("log_path", "log_interval", "run_eval", "eval_interval", "eval_start_epoch", "save_best_ckpt", "ckpt_interval", "ckpt_save_max"),
    *(
        "is_save_on_master",
        "rank_save_ckpt_flag",
        "batch_size",
        "file_name",
        "file_format",
        "num_parallel_workers",
        "list_file",
        "eval_list_file",
    ),
    *("enable_modelarts", "data_url", "train_url", "checkpoint_url"),
}


def open_run(config: Config, rank: int) -> Path:
    """Create the run's folder (`outputs_dir`, or a new one named by the time) and its log; the first process also logs to the screen."""
    now = datetime.now().strftime("%Y-%m-%d_time_%H_%M_%S")
    folder = Path(config.outputs_dir) if config.outputs_dir else ROOT / now
    logs = Path(config.log_path) if config.log_path else folder
    for path in (folder, logs):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigInvalid(
                f"The folder {path} cannot be created: {error.strerror}.", "Choose others with outputs_dir and log_path."
            ) from None
    log = logging.getLogger("models.training")
    log.setLevel(logging.INFO)
    for handler in log.handlers[:]:
        log.removeHandler(handler)
        handler.close()
    handlers: list[logging.Handler] = [logging.FileHandler(logs / f"{now}_rank_{rank}.log", encoding="utf-8")]
    if rank == 0:
        handlers.append(logging.StreamHandler(sys.stdout))
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s:%(levelname)s:%(message)s"))
        log.addHandler(handler)
    return folder


def keep_config(config: Config, folder: Path) -> None:
    """Write the configuration into the run's folder, so that the run can be understood and resumed."""
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(config).items()}
    values["outputs_dir"] = str(folder)
    with whole_file(folder / CONFIG, mode=None) as unfinished:
        unfinished.write_text(yaml.safe_dump(values, sort_keys=False), "utf-8")


def resumed_config(config: Config, flags: dict[str, str], path: Path | None) -> Config:
    """The configuration of the run in `resume`, changed by flags, or else the file's. Raises ConfigInvalid if other keys change."""
    folder = folder_of(Path(config.resume))
    former = load_config(folder / CONFIG)
    merged = load_config(folder / CONFIG, flags) if path is None else config
    changed = [key for key, value in asdict(former).items() if key not in FREE and getattr(merged, key) != value]
    if changed:
        told = ", ".join(f"{key} was {getattr(former, key)!r}, is {getattr(merged, key)!r}" for key in changed)
        raise ConfigInvalid(f"The run in {folder} cannot go on with another configuration: {told}.", "Leave these keys out to resume.")
    return replace(merged, resume=config.resume, outputs_dir=str(folder))


def folder_of(resume: Path) -> Path:
    """The run's folder. --resume names it, a folder of checkpoints in it, or a checkpoint. Raises CheckpointUnfit."""
    for folder in (resume, *list(resume.parents)[:2]):
        if (folder / CONFIG).is_file():
            return folder
    raise CheckpointUnfit(
        f"{resume} is not a run that can be resumed.", "Name the outputs_dir of an interrupted run, or a checkpoint in it."
    )
