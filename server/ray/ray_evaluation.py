"""An evaluation on a Ray cluster: Ray Data leads the images to engines on its nodes; list, log and report stay with this process.

The log is that of an evaluation in one process. A killed run is resumed from it: an image that has a line is not sent again.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from time import monotonic
from typing import Any

from models.model_errors import ClassifyError
from models.store import ModelStore
from server.evaluation.dataset.class_groups import fold_of
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_opening import open_labelled_set
from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.jobs.evaluation_job import EvaluationRequest
from server.evaluation.run.local_run import Interrupted, LocalRun, Tell, until_interrupted
from server.evaluation.run.records import PredictionLog, Record
from server.evaluation.run.run_description import describe_machine
from server.evaluation.run.run_folder import RunFolder
from server.evaluation.run.run_manifest import RunManifest, in_words
from server.evaluation.run.runner import take_up
from server.ray.ray_cluster import INSTALL, ClusterUnready, check_address, check_ray
from server.ray.replica import on_share
from server.ray.serve_config import CHIP, OWN_VISIBILITY
from server.ray.shard import Shard, ShardRow, rows_of, without_rows
from server.serving.service_assembly import without_fallback
from server.settings import Settings

MOST_ROWS = 256  # of a batch: a killed run repeats at most those of one a shard
LEAST_BATCHES = 8  # a shard, so that all end at about the same time
CPUS = 1.0


class _Answerer:
    """What Ray Data starts in an actor."""

    def __init__(self, settings: Settings, frame: LabelledSet, request: EvaluationRequest) -> None:
        import ray

        chips = tuple(ray.get_runtime_context().get_accelerator_ids().get(CHIP, ()))
        self._shard = Shard(on_share(settings, chips, CPUS), frame, request)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        """A record an image; the first has the manifest with it."""
        columns = (batch[name].tolist() for name in ShardRow._fields)
        records = self._shard.answer([ShardRow(*row) for row in zip(*columns, strict=True)])
        manifests = [self._shard.manifest.model_dump_json(), *[""] * (len(records) - 1)]
        return {"record": [record.model_dump_json() for record in records], "manifest": manifests}


def evaluate_on_ray(
    settings: Settings,
    images: Path,
    labels: Path | None,
    request: EvaluationRequest,
    folder: RunFolder,
    tell: Tell,
    *,
    address: str,
    actors: int | None,
) -> LocalRun:
    """Evaluate a folder that all nodes have, or continue the interrupted run in `folder`; raises ClassifyError, and Interrupted.

    Without a number of actors there is one a chip, or one for each two cores.
    """
    settings = _for_nodes(without_fallback(settings))
    class_names = ModelStore(settings.model_store).open(settings.model_names[0]).read_class_names()
    files = RootFiles(images.absolute(), follow_links=True)
    labelled = open_labelled_set(files, labels and labels.absolute(), class_names, limit=request.limit, label_map=request.map)
    begun = _Begun(folder, labelled)
    with PredictionLog(folder.log) as log:
        todo, progress, session = take_up(labelled, log, request.top_k)
        tell(progress)
        if todo:
            fold, began_s = fold_of(labelled.groups), 0.0
            with _connected(address), until_interrupted() as stop:
                for manifest, records in _answers(settings, labelled, todo, request, actors):
                    begun.check(manifest)
                    # From the first image on, as in one process: before it, actors and engines start.
                    began_s = began_s or monotonic() - max(record.elapsed_s for record in records)
                    now = {"session": session, "elapsed_s": round(monotonic() - began_s, 3)}
                    for record in records:
                        log.append(record.model_copy(update=now))
                        progress.add(record.folded(fold), request.top_k)
                    tell(progress)
                    if stop.is_set() and progress.done < progress.total:
                        raise Interrupted
    return LocalRun(folder.finish(class_names), labelled, folder)


class _Begun:
    """Holds the manifest of the run against what the nodes say of themselves."""

    def __init__(self, folder: RunFolder, labelled: LabelledSet) -> None:
        """Raises RunInvalid if the list is another than that of the run in the folder."""
        self._folder = folder
        self._own = {
            "listed": len(labelled),
            "labelled": labelled.labelled,
            "list_sha256": labelled.sha256,
            "machine": describe_machine(),
        }
        self._first: RunManifest | None = None
        if folder.log.exists():
            folder.begin(folder.manifest().model_copy(update=self._own))

    def check(self, manifest: RunManifest) -> None:
        """Begin the run with the first; raises RunInvalid if another node has another engine, model or version."""
        manifest = manifest.model_copy(update=self._own)
        if self._first is None:
            self._first = manifest
            self._folder.begin(manifest)
        elif differing := self._first.differences(manifest):
            told = ", ".join(f"{name} {in_words(one)} and {in_words(other)}" for name, (one, other) in differing.items())
            raise RunInvalid(f"The nodes of the cluster would not answer alike: {told[:1000]}.", "Install the same on each, then resume.")


def _for_nodes(settings: Settings) -> Settings:
    """With absolute paths: actors have another working directory."""
    paths = {name: value for name in Settings.model_fields if isinstance(value := getattr(settings, name), Path)}
    return settings.model_copy(update={name: path.expanduser().absolute() for name, path in paths.items()})


@contextmanager
def _connected(address: str) -> Iterator[None]:
    """To a cluster, or to one that this process starts and ends (local); raises ClusterUnready."""
    check_ray()
    check_address(address)
    if find_spec("pyarrow") is None:
        raise ClusterUnready("The packages of Ray Data are missing.", f"Install the extra: {INSTALL}")
    import ray

    own: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ClusterUnready(f"There is no Ray cluster at {address}: {error}", "Start one: ray start --head") from error
    try:
        yield
    finally:
        ray.shutdown()


def _answers(
    settings: Settings, labelled: LabelledSet, todo: list[int], request: EvaluationRequest, actors: int | None
) -> Iterator[tuple[RunManifest, list[Record]]]:
    """Batches of records, as the actors give them; what an actor had begun when it died is done by another. Raises ClassifyError."""
    import ray
    from ray.data import ActorPoolStrategy, DataContext
    from ray.exceptions import RayError

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    DataContext.get_current().enable_progress_bars = False
    there = ray.cluster_resources()
    chips = int(there.get(CHIP, 0))
    count = min(actors or chips or max(1, int(there.get("CPU", 1)) // 2), len(todo))
    blocks = max(ceil(len(todo) / MOST_ROWS), min(count * LEAST_BATCHES, len(todo)))
    rows = ray.data.from_items([row._asdict() for row in rows_of(labelled, todo)], override_num_blocks=blocks)
    answered = rows.map_batches(
        _Answerer,
        fn_constructor_args=(settings, without_rows(labelled), request),
        batch_size=None,
        compute=ActorPoolStrategy(size=count),
        num_cpus=CPUS,
        runtime_env={"env_vars": OWN_VISIBILITY},
        **({"resources": {CHIP: 1}} if chips else {}),
    )
    try:
        for batch in answered.iter_batches(batch_size=None):
            manifest = RunManifest.model_validate_json(batch["manifest"][0])
            yield manifest, [Record.model_validate_json(record) for record in batch["record"]]
    except RayError as error:
        raise _reason(error) from error


def _reason(error: BaseException) -> ClassifyError:
    """What an actor raised, if it is an error of this project."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ClassifyError):
            return found
        found = getattr(found, "cause", None) or found.__cause__
    return ClusterUnready(f"Ray Data ended: {str(error).strip().splitlines()[-1]}", "Every answer is kept: resume the run.")
