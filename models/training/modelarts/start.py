"""The start file of a ModelArts training job. ModelArts runs it by its path with --data_url, --train_url and the job's other keys."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from models.training.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["train", "--enable_modelarts", "true", *sys.argv[1:]]))
