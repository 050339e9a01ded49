"""A data set of a minute and the commands on it, as a person would give them."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[3]
KEYS = {
    "network": "resnext_digits",
    "image_size": "[32, 32]",
    "resize_size": "[32, 32]",
    "per_batch_size": "8",
    "eval_per_batch_size": "8",
    "lr": "0.05",
    "T_max": "3",
    "max_epoch": "3",
    "log_interval": "1",
    "ckpt_interval": "1",
    "num_parallel_workers": "1",
}


def write_images(folder: Path, classes: int = 3, each: int = 16, seed: int = 0) -> Path:
    """Class folders of blurred stripes; the class is their direction."""
    random = np.random.default_rng(seed)
    for label in range(classes):
        (folder / f"class{label}").mkdir(parents=True)
        for index in range(each):
            pixels = random.integers(0, 80, (32, 32, 3), np.uint8)
            pixels[:: label + 2, :: 3 - label % 3] += 150
            cv2.imwrite(str(folder / f"class{label}" / f"{index}.png"), pixels)
    return folder


def command(name: str, **keys: object) -> list[str]:
    """The command line of `python -m models.training`."""
    return [sys.executable, "-m", "models.training", name, *(f"--{key}={value}" for key, value in keys.items())]


def start(name: str, **keys: object) -> subprocess.Popen[str]:
    """The command, running."""
    return subprocess.Popen(command(name, **keys), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(name: str, **keys: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command."""
    with start(name, **keys) as process:
        out, error = process.communicate(timeout=900)
    return process.returncode, out, error
