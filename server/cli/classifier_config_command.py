"""`models classifier-config`: the configuration of the compiled classifier, rendered from a manifest."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from models.manifest import CPU, FORMER_CPU
from models.store import ModelStore
from server.cli.flags import load_settings
from server.cli.options import PrecisionOption, StoreFolder
from server.settings import SettingInvalid

LANES = 2  # one batch runs, one waits
CAPACITY = 64


def classifier_config(
    name: Annotated[str, typer.Argument(help="Name of the model in the store.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File to write.", show_default="standard output")] = None,
    soc: Annotated[str, typer.Option(help="Which of the model's artifacts: cpu, Ascend310, …")] = CPU,
    artifact: Annotated[Path | None, typer.Option(help="This file instead of the store's.", show_default=False)] = None,
    ranking: Annotated[
        Literal["own", "sdk"], typer.Option(help="This project's softmax and ranking (own), or Resnet50PostProcess (sdk).")
    ] = "own",
    precision: PrecisionOption = None,
    model_store: StoreFolder = None,
) -> None:
    """Render the JSON that the compiled program resnext101 takes (mxbase_cpp)."""
    from models.whole_file import write_whole
    from pipelines.classifier_config import ClassifierLimits, configure_classifier

    if soc == FORMER_CPU:
        raise SettingInvalid(f"The soc {FORMER_CPU} is now called {CPU}.", f"Write it as --soc {CPU}")
    settings = load_settings(model_store=model_store, precision=precision)
    store = ModelStore(settings.model_store)
    manifest, path, softmax = store.manifest(name), artifact, True
    inferred = settings.precision or manifest.precision
    if path is None:
        entry, file = store.open(name).check_artifact(soc, inferred)
        path, softmax = file.with_suffix(".om"), entry.score_type == "logit"  # on a CPU X.om stands for X.onnx in the same folder
    if soc != CPU and precision:
        raise SettingInvalid(f"An OM has its own precision, so --precision does not go with --soc {soc}.", "Leave out --precision.")
    limits = ClassifierLimits(len(os.sched_getaffinity(0)), LANES, CAPACITY)
    config = configure_classifier(
        manifest,
        str(path.absolute()),
        limits,
        ranking=ranking,
        softmax=softmax,
        precision=inferred if soc == CPU else "",
        decode=settings.decode,
    )
    text = json.dumps(config) + "\n"
    if output is None:
        sys.stdout.write(text)
        return
    write_whole(output, text.encode())
    sys.stdout.write(f"{output} is written\n")
