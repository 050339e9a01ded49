"""The configuration: default_config.yaml, overridden by the user's file, overridden by flags."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_args, get_type_hints

import yaml

from models.training.training_errors import ConfigInvalid

DEFAULTS = Path(__file__).with_name("default_config.yaml")
SCHEDULERS = ("cosine_annealing", "exponential", "multi_step")
CHOICES: dict[str, tuple[str, ...]] = {
    "device_target": ("Ascend", "GPU", "CPU"),
    "lr_scheduler": SCHEDULERS,
    "amp_level": ("O0", "O1", "O2", "O3"),
    "file_format": ("AIR", "MINDIR", "ONNX"),
    "unreadable": ("stop", "skip"),
}
AT_LEAST_ONE = [
    "num_classes",
    "per_batch_size",
    "eval_per_batch_size",
    "max_epoch",
    "T_max",
    "accumulate_steps",
    "eval_interval",
    "log_interval",
    "ckpt_interval",
    "ckpt_save_max",
    "batch_size",
    "num_parallel_workers",
]
NOT_NEGATIVE = ["seed", "lr", "lr_gamma", "eta_min", "warmup_epochs", "weight_decay", "momentum", "label_smooth_factor"]

Value = bool | int | float | str | tuple[int, ...] | tuple[float, ...]


@dataclass(frozen=True)
class Config:
    """One training, evaluation or export. The keys are those of default_config.yaml, which explains them."""

    device_target: str
    device_id: int
    run_distribute: bool
    dataset_sink_mode: bool
    seed: int

    network: str
    num_classes: int
    image_size: tuple[int, ...]
    checkpoint_file_path: str
    filter_weight: bool
    resume: str

    data_path: str
    eval_data_path: str
    list_file: str
    eval_list_file: str
    resize_size: tuple[int, ...]
    crop_scale: tuple[float, ...]
    crop_ratio: tuple[float, ...]
    flip_prob: float
    color_jitter: float
    unreadable: str
    num_parallel_workers: int
    per_batch_size: int
    eval_per_batch_size: int

    lr: float
    lr_scheduler: str
    lr_epochs: tuple[int, ...]
    lr_gamma: float
    eta_min: float
    T_max: int
    max_epoch: int
    warmup_epochs: int
    weight_decay: float
    momentum: float
    label_smooth: bool
    label_smooth_factor: float
    amp_level: str
    is_dynamic_loss_scale: bool
    loss_scale: float
    accumulate_steps: int

    run_eval: bool
    eval_interval: int
    eval_start_epoch: int
    save_best_ckpt: bool

    outputs_dir: str
    log_path: str
    log_interval: int
    ckpt_interval: int
    ckpt_save_max: int
    is_save_on_master: bool
    rank_save_ckpt_flag: bool

    batch_size: int
    file_name: str
    file_format: str

    enable_modelarts: bool
    data_url: str
    train_url: str
    checkpoint_url: str

    def __post_init__(self) -> None:
        """Refuse invalid values; raises ConfigInvalid."""
        for key, choices in CHOICES.items():
            if getattr(self, key) not in choices:
                raise ConfigInvalid(f"{key} is {getattr(self, key)!r}.", f"Choose one of {', '.join(choices)}.")
        for minimum, keys in ((1, AT_LEAST_ONE), (0, NOT_NEGATIVE)):
            for key in keys:
                if not getattr(self, key) >= minimum:
                    raise ConfigInvalid(f"{key} is {getattr(self, key)}.", f"It must be at least {minimum}.")
        if len(self.image_size) != 2 or min(self.image_size) < 32:
            raise ConfigInvalid(f"image_size is {list(self.image_size)}.", "Give height and width, each at least 32: [224, 224].")
        self._check_pictures()
        if self.label_smooth_factor >= 1 or self.momentum >= 1:
            raise ConfigInvalid("label_smooth_factor and momentum must be below 1.", "Usual values are 0.1 and 0.9.")
        if not self.loss_scale >= 1:
            raise ConfigInvalid(f"loss_scale is {self.loss_scale}.", "It must be at least 1.")

    def _check_pictures(self) -> None:
        if len(self.resize_size) != 2 or any(size < crop for size, crop in zip(self.resize_size, self.image_size, strict=True)):
            raise ConfigInvalid(f"resize_size is {list(self.resize_size)}.", "Give height and width, at least those of image_size.")
        for key, highest in (("crop_scale", 1.0), ("crop_ratio", float("inf"))):
            bounds = getattr(self, key)
            if len(bounds) != 2 or not 0 < bounds[0] <= bounds[1] <= highest:
                raise ConfigInvalid(f"{key} is {list(bounds)}.", f"Give the smallest and the largest value, above 0, at most {highest}.")
        if not (0 <= self.flip_prob <= 1 and 0 <= self.color_jitter <= 1):
            raise ConfigInvalid("flip_prob and color_jitter must be within 0 and 1.", "Usual values are 0.5 and 0.4.")


TYPES = get_type_hints(Config)


def load_config(path: Path | None = None, flags: Mapping[str, str] | None = None) -> Config:
    """The defaults, then the file, then the flags (text in YAML's notation). Raises ConfigInvalid."""
    values = _read(DEFAULTS)
    if path is not None:
        values |= _read(path)
    for key, text in (flags or {}).items():
        _check_key(key, f"The flag --{key}")
        # A folder can have the name 2026, which YAML would read as a number.
        values[key] = text if TYPES[key] is str else _parse(text, f"--{key}")
    return Config(**{field.name: _typed(field.name, values[field.name]) for field in fields(Config)})  # type: ignore[arg-type]


def help_texts() -> dict[str, str]:
    """The meaning of each key, for --help: the second document of default_config.yaml."""
    return list(yaml.safe_load_all(DEFAULTS.read_text("utf-8")))[1]  # type: ignore[no-any-return]


def _parse(text: str, where: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigInvalid(f"{where} cannot be read: {' '.join(str(error).split())}.", "Write values as in YAML.") from None


def _read(path: Path) -> dict[str, object]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"The configuration {path} cannot be read: {error}.", "Name another with --config.") from None
    values = _parse(text.split("\n---", 1)[0], str(path))  # the help texts are not needed here
    if not isinstance(values, dict):
        raise ConfigInvalid(f"The configuration {path} holds no keys.", "Write lines like `lr: 0.1`.")
    for key in values:
        _check_key(str(key), f"The key {key!r} in {path}")
    return values


def _check_key(key: str, what: str) -> None:
    if key not in TYPES:
        near = difflib.get_close_matches(key, TYPES, n=1, cutoff=0.0)[0]
        raise ConfigInvalid(f"{what} is unknown.", f"Did you mean {near}?")


def _typed(key: str, value: object) -> Value:
    """The value in the type of its field; 0 and 1 also mean false and true, as in the original project."""
    wanted = TYPES[key]
    if wanted is bool and value in (0, 1):
        return bool(value)
    if wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if wanted is float and isinstance(value, str):  # YAML 1.1 reads 1e-4, which has no dot, as text
        try:
            return float(value)
        except ValueError:
            pass
    if wanted is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if wanted is str and isinstance(value, str):
        return value
    entry_type = next(iter(get_args(wanted)), None)
    if entry_type and isinstance(value, list | tuple) and all(type(entry) in (int, entry_type) for entry in value):
        return tuple(entry_type(entry) for entry in value)
    kind = (
        f"a list of {'integers' if entry_type is int else 'numbers'}"
        if entry_type
        else {bool: "true or false", float: "a number", int: "an integer", str: "text"}[wanted]
    )
    raise ConfigInvalid(f"{key} is {value!r}.", f"It must be {kind}.")
