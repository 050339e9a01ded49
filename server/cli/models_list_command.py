"""`models list`: a table of the models."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from models.manifest import CPU
from models.store import ModelStore
from models.store_listing import ListedModel, list_models
from server.cli.flags import load_settings
from server.cli.options import AsJson, StoreFolder
from server.evaluation.run.last_accuracy import LastAccuracy, Measured, last_accuracies

HEAD = ("MODEL", "SIZE", "PRECISION", "ACCURACY", "ARTIFACTS", "STATE")
NOTHING = "-"
MB = 1e6


def list_command(model_store: StoreFolder = None, as_json: AsJson = False) -> None:
    """List the models of the store, and the models that can be prepared: size, precision, last accuracy, artifacts."""
    settings = load_settings(model_store=model_store)
    accuracies = last_accuracies(settings.evaluation_dir)
    rows = [_row(model, _accuracy(model, accuracies)) for model in list_models(ModelStore(settings.model_store))]
    if as_json:
        sys.stdout.write(f"{json.dumps(rows, indent=2)}\n")
        return
    lines = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    for line in lines:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n")


def _accuracy(model: ListedModel, accuracies: Mapping[Measured, LastAccuracy]) -> LastAccuracy | None:
    manifest = model.manifest
    if manifest is None:
        return None
    served = manifest.artifact(CPU, manifest.precision)
    artifacts = [*([served] if served else []), *(each for each in manifest.artifacts if each.soc != CPU)]
    keys = ((each.sha256, manifest.recipe.sha256, each.soc == CPU and manifest.precision == "bf16") for each in artifacts)
    return next((found for key in keys if (found := accuracies.get(key))), None)


def _row(model: ListedModel, accuracy: LastAccuracy | None) -> dict[str, Any]:
    manifest = model.manifest
    return {
        "name": model.name,
        "prepared": model.prepared,
        "size_bytes": model.size_bytes,
        "precision": manifest.precision if manifest and CPU in model.targets else None,
        "accuracy": {"top1": accuracy.top1, "dataset": accuracy.dataset} if accuracy else None,
        "artifacts": [
            {
                "soc": each.soc,
                "file": each.file,
                "batch_sizes": each.batch_sizes,
                "declared": each.declared,
                "precision": each.computes,
                "agreement": each.quantisation.agreement if each.quantisation else None,
            }
            for each in (manifest.artifacts if manifest else ())
        ],
        "description": manifest.description if manifest else "",
        "problem": model.problem,
    }


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    accuracy, artifacts = row["accuracy"], row["artifacts"]
    return (
        row["name"],
        f"{row['size_bytes'] / MB:.1f} MB" if row["prepared"] else NOTHING,
        row["precision"] or NOTHING,
        f"{accuracy['top1']:.2%} on {accuracy['dataset']}" if accuracy else NOTHING,
        ", ".join(_target(each) for each in artifacts) or NOTHING,
        row["problem"] or ("prepared" if row["prepared"] else "only in the zoo"),
    )


def _target(artifact: Mapping[str, Any]) -> str:
    int8 = " int8" if artifact["soc"] == CPU and artifact["precision"] == "int8" else ""
    return f"{artifact['soc']}{int8}{' (declared)' if artifact['declared'] else ''}"
