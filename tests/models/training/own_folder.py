"""The folder of a user: five of the ten digits."""

import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from tests.models.training.tiny import ROOT

NAMES = {"5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine"}
CLASSES = sorted(NAMES.values())  # the order of the class ids
MISPLACED = 2
"""Pictures of each class that lie in the folder of the next one: no temperature fits to answers that are all right."""


def own_folder(place: Path) -> tuple[Path, Path]:
    """Class folders of five digits to train with, and blocky ones to measure with: these are harder, and some are misplaced."""
    from models.training import digits

    digits.main([str(place / "all"), "--copies", "1"])
    for label, name in NAMES.items():
        shutil.copytree(place / "all/train" / label, place / "own/train" / name)
        shutil.copytree(place / "all/eval" / label, place / "own/val" / name)
        shutil.copytree(place / "all/blocky" / label, place / "measured" / name)
    for (label, name), (_, other) in pairwise([*NAMES.items(), ("5", "five")]):
        for picture in sorted((place / "all/blocky" / label).iterdir())[:MISPLACED]:
            (place / "measured" / name / picture.name).rename(place / "measured" / other / f"{name}_{picture.name}")
    return place / "own", place / "measured"


def by_command(folder: Path, *words: object) -> str:
    """The standard output of a command of the server."""
    environment = os.environ | {"EVALUATION_DIR": str(folder / "evaluations"), "MODEL_STORE": str(folder / "served")}
    command = [sys.executable, "-m", "server", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
