"""The accuracy of each model in the last of the kept evaluations."""

import json
from dataclasses import dataclass
from pathlib import Path

MAX_READ = 200  # reports, newest first; one takes a few ms
REPORT = "report.json"

Measured = tuple[str, str, bool]
"""The sha256 of an artifact and of its recipe, and whether it ran in bf16: an accuracy belongs to all three."""


@dataclass(frozen=True)
class LastAccuracy:
    """The share of the labelled images whose best class was right, and the set."""

    top1: float
    dataset: str


def last_accuracies(runs: Path) -> dict[Measured, LastAccuracy]:
    """The last accuracy of each artifact with its recipe; damaged reports and those without labels are passed over."""
    found: dict[Measured, LastAccuracy] = {}
    reports = sorted(runs.glob(f"*/{REPORT}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in reports[:MAX_READ]:
        try:
            content = json.loads(path.read_bytes())
            manifest, share = content["manifest"], content["accuracy"]["top1"]
            if manifest.get("decode", "exact") != "exact":  # of other scores
                continue
            measured = (str(manifest["model_sha256"]), str(manifest["recipe_sha256"]), manifest.get("precision") == "bf16")
            accuracy = LastAccuracy(float(share["value"]), str(manifest["dataset"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        found.setdefault(measured, accuracy)
    return found
