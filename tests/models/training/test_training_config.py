"""The configuration: keys, types, precedence, and what is refused."""

from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from models.training.training_config import DEFAULTS, Config, help_texts, load_config
from models.training.training_errors import ConfigInvalid

# fmt: off
SEED_KEYS = {
    "device_target", "checkpoint_file_path", "image_size", "num_classes", "batch_size", "lr", "lr_scheduler", "lr_epochs",
    "lr_gamma", "eta_min", "T_max", "max_epoch", "warmup_epochs", "weight_decay", "momentum", "is_dynamic_loss_scale",
    "loss_scale", "label_smooth", "label_smooth_factor", "per_batch_size", "ckpt_interval", "ckpt_save_max", "is_save_on_master",
    "filter_weight", "rank_save_ckpt_flag", "outputs_dir", "log_path", "enable_modelarts", "data_url", "train_url",
    "checkpoint_url", "data_path", "device_id", "run_distribute", "run_eval", "eval_data_path", "eval_per_batch_size",
    "eval_interval", "eval_start_epoch", "save_best_ckpt", "network", "file_name", "file_format",
}
# fmt: on


def test_file_class_and_help_have_the_same_keys_in_the_same_order() -> None:
    names = [field.name for field in fields(Config)]
    defaults = next(yaml.safe_load_all(DEFAULTS.read_text("utf-8")))
    assert names == list(defaults) == list(help_texts())
    assert set(names) >= SEED_KEYS


def test_flags_over_file_over_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("lr: 0.1\nmax_epoch: 7\nlabel_smooth: 0\n")
    config = load_config(path, {"lr": "1e-2", "image_size": "[64, 96]", "outputs_dir": "2026"})
    assert (config.lr, config.max_epoch, config.momentum, config.label_smooth) == (0.01, 7, 0.9, False)
    assert (config.image_size, config.outputs_dir) == ((64, 96), "2026")


@pytest.mark.parametrize(("flag", "near"), [("learning", "lr"), ("max_epochs", "max_epoch"), ("t_max", "T_max"), ("eta", "eta_min")])
def test_an_unknown_key_names_the_nearest(flag: str, near: str) -> None:
    with pytest.raises(ConfigInvalid, match=rf"--{flag} is unknown. Did you mean \w+\?"):
        load_config(None, {flag: "1"})
    if flag != "learning":
        with pytest.raises(ConfigInvalid, match=f"Did you mean {near}?"):
            load_config(None, {flag: "1"})


def test_an_unknown_key_of_a_file_is_told_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("momentun: 0.8\n")
    with pytest.raises(ConfigInvalid, match=r"mine\.yaml is unknown\. Did you mean momentum\?"):
        load_config(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("lr", "fast", "must be a number"),
        ("lr", ".nan", "at least 0"),
        ("lr", "-1", "at least 0"),
        ("max_epoch", "1.5", "an integer"),
        ("max_epoch", "0", "at least 1"),
        ("max_epoch", "true", "an integer"),
        ("image_size", "224", "a list of integers"),
        ("image_size", "[224]", "height and width"),
        ("run_eval", "perhaps", "true or false"),
        ("amp_level", "O4", "O0, O1, O2, O3"),
        ("lr_scheduler", "cosine", "cosine_annealing"),
        ("momentum", "1", "below 1"),
        ("loss_scale", "0", "at least 1"),
        ("lr_epochs", "[1", "cannot be read"),
    ],
)
def test_values_that_cannot_be(key: str, value: str, message: str) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        load_config(None, {key: value})


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="cannot be read"):
        load_config(tmp_path / "absent.yaml")
    (tmp_path / "list.yaml").write_text("- lr\n")
    with pytest.raises(ConfigInvalid, match="holds no keys"):
        load_config(tmp_path / "list.yaml")


@given(st.text(max_size=40), st.sampled_from([field.name for field in fields(Config)]))
def test_any_text_gives_a_configuration_or_a_refusal(text: str, key: str) -> None:
    try:
        config = load_config(None, {key: text})
    except ConfigInvalid:
        return
    assert getattr(config, key) is not None
