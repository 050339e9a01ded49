"""Tests that need no MindSpore run everywhere; the others run in the environment of training (make test-training)."""

from importlib.util import find_spec
from pathlib import Path

PLAIN = {"test_check", "test_digits", "test_label_list", "test_listing", "test_rank_table", "test_scripts", "test_transforms"}

_MINDSPORE = [path.name for path in Path(__file__).parent.glob("test_*.py") if path.stem not in PLAIN]
collect_ignore = [] if find_spec("mindspore") else [*sorted(_MINDSPORE), "modelarts/test_job.py", "modelarts/test_start.py"]
