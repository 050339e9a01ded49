"""`models`: shows and prepares models; its other commands have files of their own."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from models.recipe_line import recipe_line
from models.store import ModelStore
from server.cli.classifier_config_command import classifier_config
from server.cli.flags import load_settings
from server.cli.models_adopt_command import adopt
from server.cli.models_calibrate_command import calibrate
from server.cli.models_install_command import install
from server.cli.models_list_command import list_command
from server.cli.models_remove_command import remove
from server.cli.models_renew_command import renew
from server.cli.options import AsJson, DecodeOption, PrecisionOption, StoreFolder, parse_batch_sizes

ModelArgument = Annotated[str, typer.Argument(help="Name of the model.")]

models_app = typer.Typer(help="List, show, prepare, install, adopt and remove models.", no_args_is_help=True)
models_app.command("classifier-config")(classifier_config)
models_app.command("renew")(renew)
models_app.command("adopt")(adopt)
models_app.command("install")(install)
models_app.command("list")(list_command)
models_app.command("remove")(remove)
models_app.command("calibrate")(calibrate)


@models_app.command("show")
def show_model(name: ModelArgument, model_store: StoreFolder = None, as_json: AsJson = False) -> None:
    """Show whether a model is prepared, its recipe as a line, and its manifest."""
    store = _store(model_store)
    manifest, prepared = store.manifest(name), name in store.names()
    content = manifest.model_dump(mode="json", exclude_none=not as_json)
    if as_json:
        _print(json.dumps({"prepared": prepared, **content}, indent=2))
        return
    import tomli_w

    _print(f"# {f'prepared, in {store.folder(name)}' if prepared else 'not prepared: this is the recipe of the zoo'}")
    _print(f"# {recipe_line(manifest.recipe, manifest.transform)}")
    _print(tomli_w.dumps(content))


@models_app.command("prepare")
def prepare_model(
    name: ModelArgument,
    model_store: StoreFolder = None,
    random: Annotated[bool, typer.Option("--random", help="Random weights: useful for benchmarks, but the answers are wrong.")] = False,
    batch_sizes: Annotated[str, typer.Option(help="Batch sizes to compile for, as 1,2,4,8. On a CPU batches do not help.")] = "1",
    force: Annotated[bool, typer.Option("--force", help="Prepare the model again even if it exists.")] = False,
) -> None:
    """Prepare a model of the zoo: fetch its weights, build the artifact, write the manifest. An imported model is only checked."""
    from rich.console import Console

    from convert.prepare import prepare

    sizes = parse_batch_sizes(batch_sizes)
    with Console(stderr=True).status(f"Preparing {name}") as status:
        model = prepare(name, _store(model_store), random=random, batch_sizes=sizes, force=force, progress=status.update)
    _print(f"{model.manifest.name} is ready in {model.folder}")


@models_app.command("golden")
def set_golden_image(
    name: ModelArgument,
    image: Annotated[Path, typer.Argument(help="A photo of one clear class.")],
    class_id: Annotated[
        int | None, typer.Option(help="The expected class; default: the model's present answer.", show_default=False)
    ] = None,
    tolerance: Annotated[float, typer.Option(min=0.001, max=1, help="Largest difference of its score, also on another runtime.")] = 0.05,
    precision: PrecisionOption = None,
    decode: DecodeOption = None,
    model_store: StoreFolder = None,
) -> None:
    """Give a model its golden image: the server checks it at every start and reload, and refuses a model with another answer."""
    from server.cli.golden_image import set_golden

    settings = load_settings(model=name, model_store=model_store, precision=precision, decode=decode, log_level="warning")
    golden = set_golden(settings, image, class_id, tolerance)
    _print(f"{golden.file} of {name} is class {golden.class_id} with {golden.score:.4f} ± {golden.tolerance:g}")


def _store(folder: Path | None) -> ModelStore:
    return ModelStore(load_settings(model_store=folder).model_store)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
