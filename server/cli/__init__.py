"""The command line: serve, classify, evaluate, doctor, models, convert."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from models.model_errors import ClassifyError
from models.store import ModelStore, zoo_manifest, zoo_names
from server.cli.classifier_config_command import classifier_config
from server.cli.convert import convert_app
from server.cli.doctor_command import doctor
from server.cli.evaluate_command import evaluate
from server.cli.flags import load_settings, with_settings
from server.cli.options import AsJson, StoreFolder, parse_batch_sizes
from server.settings import Settings

app = typer.Typer(help="Image classification on Huawei Ascend, and the same on any CPU.", no_args_is_help=True, add_completion=False)
models_app = typer.Typer(help="The models: which there are, and how to prepare one.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.add_typer(convert_app, name="convert")
app.command("evaluate")(evaluate)
app.command("doctor")(doctor)
models_app.command("classifier-config")(classifier_config)


@app.command("serve")
@with_settings
def serve(settings: Settings) -> None:
    """Serve the model over HTTP. Every flag is also an environment variable, in capitals, and a line of ascend-classify.toml."""
    from server.evaluation.dataset.roots import parse_roots
    from server.http.address import bind
    from server.serving.service_assembly import open_service
    from server.telemetry.logs import configure_logs

    access_log = configure_logs(settings.log_level, settings.log_format)
    api_key = settings.read_api_key()
    roots = parse_roots(settings.evaluation_roots)
    listener = bind(settings)
    service, runtime = open_service(settings)
    service.begin()

    from server.app import create_app  # FastAPI takes half a second to import: the model loads meanwhile
    from server.evaluation.jobs.evaluations import Evaluations
    from server.http.listener import listen
    from server.serving.reload import Reloader

    evaluations, reloader = Evaluations(service, runtime, roots), Reloader(service, runtime)
    code = listen(create_app(service, reloader, evaluations, api_key, access_log), service, reloader, listener, access_log)
    if service.failure:
        raise service.failure
    raise typer.Exit(code)


@app.command("classify")
def classify(
    images: Annotated[list[Path], typer.Argument(help="Image files.")],
    model: Annotated[str | None, typer.Option(help="Name of the model in the store.", show_default=False)] = None,
    model_store: StoreFolder = None,
    top_k: Annotated[int, typer.Option(min=1, max=16, help="Classes to print.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Classify image files in this process, by the very path that serves."""
    from server.serving.classify_files import classify_files, print_outcomes

    outcomes = classify_files(load_settings(model=model, model_store=model_store, log_level="warning"), images)
    failed = print_outcomes(outcomes, top_k, as_json=as_json)
    raise typer.Exit(1 if failed else 0)


@app.command("infer-dir")
def infer_dir(
    images: Annotated[Path, typer.Argument(help="Folder of the images.")],
    results: Annotated[Path, typer.Argument(help="Folder for the result files.")],
    model: Annotated[str | None, typer.Option(help="Name of the model in the store.", show_default=False)] = None,
    model_store: StoreFolder = None,
    top_k: Annotated[int, typer.Option(min=1, max=16, help="Class ids to a result file.")] = 5,
    resume: Annotated[bool, typer.Option("--resume", help="Leave out the images that have a result file.")] = False,
) -> None:
    """Classify the images of a folder into result files as the SDK's samples write them: <image>_1.txt, ids best first."""
    from rich.console import Console
    from rich.progress import Progress

    from pipelines.result_files import make_folder, result_path
    from server.serving.classify_files import classify_files, list_images, write_results

    found = list_images(images)
    make_folder(results)
    paths = [path for path in found if not (resume and result_path(results, path).exists())]
    settings = load_settings(model=model, model_store=model_store, log_level="warning")
    failed = 0
    with Progress(console=Console(stderr=True)) as progress:
        written = write_results(classify_files(settings, paths), results, top_k) if paths else iter(())
        for path, outcome in progress.track(written, total=len(paths), description="Classifying"):
            if isinstance(outcome, ClassifyError):
                failed += 1
                progress.console.print(f"{path}: {outcome} [{outcome.code}]", markup=False, highlight=False, soft_wrap=True)
    _print(f"{len(paths) - failed} results written to {results}, {len(found) - len(paths)} were there, {failed} failed")
    raise typer.Exit(1 if failed else 0)


@app.command("stats")
def stats(
    folder: Annotated[Path, typer.Argument(help="Folder of the statistics files (ps_log_dir of sdk.conf).")], as_json: AsJson = False
) -> None:
    """Add up the performance statistics that enable_ps=true of sdk.conf turns on."""
    from pipelines.statistics_report import read_report

    report = read_report(folder)
    _print(report.as_json() if as_json else report.as_text())


@app.command("sdk-conf")
def print_sdk_conf(
    interval_s: Annotated[int, typer.Option(min=1, max=86_400, help="Seconds between two reports.")] = 6,
) -> None:
    """Print an sdk.conf that keeps performance statistics, for SDK_CONF or for the SDK's own config folder."""
    from pipelines.sdk_conf import SdkConf

    _print(SdkConf(enable_ps=True, ps_interval_time=interval_s).render())


@models_app.command("list")
def list_models(model_store: StoreFolder = None, as_json: AsJson = False) -> None:
    """List the models: those of the store, and those that can be prepared."""
    store = ModelStore(load_settings(model_store=model_store).model_store)
    prepared = set(store.names())
    rows = [
        {"name": name, "prepared": name in prepared, "description": _manifest(store, name).description}
        for name in sorted(prepared | set(zoo_names()))
    ]
    if as_json:
        _print(json.dumps(rows, indent=2))
        return
    for row in rows:
        _print(f"{row['name']:<22} {'prepared' if row['prepared'] else 'not prepared':<13} {row['description']}")


@models_app.command("show")
def show_model(name: str, model_store: StoreFolder = None, as_json: AsJson = False) -> None:
    """Show the manifest of a model."""
    manifest = _manifest(ModelStore(load_settings(model_store=model_store).model_store), name)
    if as_json:
        _print(manifest.model_dump_json(indent=2))
        return
    import tomli_w

    _print(tomli_w.dumps(manifest.model_dump(mode="json", exclude_none=True)))


@models_app.command("prepare")
def prepare_model(
    name: str,
    model_store: StoreFolder = None,
    random: Annotated[bool, typer.Option("--random", help="Random weights: right for benchmarks, wrong for answers.")] = False,
    batch_sizes: Annotated[str, typer.Option(help="Batch sizes to compile for, as 1,2,4,8. On a CPU batches do not help.")] = "1",
    force: Annotated[bool, typer.Option("--force", help="Prepare again even if it is there.")] = False,
) -> None:
    """Prepare a model of the zoo: fetch its weights, build the artifact, write the manifest."""
    from rich.console import Console

    from convert.prepare import prepare

    store = ModelStore(load_settings(model_store=model_store).model_store)
    sizes = parse_batch_sizes(batch_sizes)
    console = Console(stderr=True)
    with console.status(f"Preparing {name}") as status:
        model = prepare(name, store, random=random, batch_sizes=sizes, force=force, progress=status.update)
    _print(f"{model.manifest.name} is ready in {model.folder}")


@models_app.command("golden")
def set_golden_image(
    name: str,
    image: Annotated[Path, typer.Argument(help="A photo of one clear class.")],
    class_id: Annotated[int | None, typer.Option(help="The class it must be; else what the model says now.", show_default=False)] = None,
    tolerance: Annotated[float, typer.Option(min=0.001, max=1, help="How far its score may be away, on another runtime too.")] = 0.05,
    model_store: StoreFolder = None,
) -> None:
    """Give a model its golden image: the server asks it at every start and reload, and refuses a model that answers otherwise."""
    from server.cli.golden_image import set_golden

    golden = set_golden(load_settings(model=name, model_store=model_store, log_level="warning"), image, class_id, tolerance)
    _print(f"{golden.file} of {name} is class {golden.class_id} with {golden.score:.4f} ± {golden.tolerance:g}")


def _manifest(store: ModelStore, name: str):  # type: ignore[no-untyped-def] # noqa: ANN202
    return store.open(name).manifest if name in store.names() else zoo_manifest(name)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> None:
    """Run the command line; a refusal is one line on standard error and exit code 1."""
    try:
        app()
    except ClassifyError as error:
        sys.stderr.write(f"error: {error} [{error.code}]\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
