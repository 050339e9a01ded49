"""The served model: in the store, complete, equal to its manifest, and with an artifact for the chips."""

import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.manifest import CPU, Artifact
from models.model_errors import ClassifyError
from models.rebuild_command import rebuild_remedy
from models.store import ModelStore, StoredModel
from pipelines.cpu.processor import lack
from server.cli.doctor.case import Case, npu_smi
from server.cli.doctor.finding import Finding, listed, note, ok, problem
from server.engines.chips import chip_soc
from server.engines.served_precision import wanted_precision

AIPP_OPTION = re.compile(r"--insert[_-]op[_-]conf[= ]")


@dataclass(frozen=True)
class Inspected:
    """A file of the model, its manifest or a pipeline, with all its checks."""

    path: Path
    findings: tuple[Finding, ...]


Inspect = Callable[[Path], Iterable[Inspected]]
"""Inspects a model's folder or a pipeline file: convert.inspection, which only the command line may import."""


def check_model(case: Case, inspect: Inspect) -> Iterator[Finding]:
    """Check whether the engines find their files."""
    settings = case.settings
    if settings.engines == "fake":
        yield note("ENGINES=fake answers without a model")
        return
    if settings.pipeline:
        yield from _inspected(inspect, settings.pipeline, {})
    try:
        model = ModelStore(settings.model_store).open(settings.model)
    except ClassifyError as error:
        yield problem(error.message.rstrip("."), error.remedy)
        return
    except OSError as error:
        uid, root = case.machine.uid, _quoted(settings.model_store.absolute())
        yield problem(f"the model store cannot be read by uid {uid}: {error}", f"sudo chown -R {uid} {root} && sudo chmod -R u+rX {root}")
        return
    used = list(_used(case, model))
    artifacts = [artifact for artifact in used if isinstance(artifact, Artifact)]
    yield from (finding for finding in used if isinstance(finding, Finding))
    for artifact in artifacts:
        yield from _file(case, model, artifact)
    others = {
        model.folder / each.file: f"for {each.soc}, which is not used here" for each in model.manifest.artifacts if each not in artifacts
    }
    yield from _inspected(inspect, model.folder, others)


def _used(case: Case, model: StoredModel) -> Iterator[Artifact | Finding]:
    """The artifacts that this machine loads, or the reason why there are none."""
    manifest = model.manifest
    have = f"it has {listed(artifact.target for artifact in manifest.artifacts) or 'none'}"
    if case.runtime == "cpu":
        precision = wanted_precision(case.settings, manifest)
        artifact = manifest.artifact(CPU, precision)
        lacks = f"{manifest.name} has no artifact for a CPU{' in int8' if precision == 'int8' else ''} ({have})"
        yield artifact or problem(lacks, rebuild_remedy(manifest, model.folder, CPU, precision))
        if lacking := lack(precision):
            yield problem(f"{precision} is wanted, but {lacking}", "export PRECISION=f32")
        return
    try:
        soc = chip_soc(manifest, npu_smi(case.machine))
    except ClassifyError as error:
        yield problem(error.message.rstrip("."), error.remedy)
        return
    artifact = manifest.artifact(soc)
    if artifact:
        yield artifact
        if not case.chips:
            yield note(f"whether the chips are {soc}, as the OM needs, is not known", "See their name: sudo npu-smi info")
    for wanted in sorted({soc} if not artifact else {chip.soc for chip in case.chips if not chip.takes(soc)}):
        compile_it = f"ascend-classify convert atc {manifest.name} --soc {wanted}"
        yield problem(f"{manifest.name} has no OM for {wanted}, the chip that is here ({have})", compile_it)


def _file(case: Case, model: StoredModel, artifact: Artifact) -> Iterator[Finding]:
    machine, path = case.machine, model.folder / artifact.file
    for file in (path, model.folder / model.manifest.labels):
        if machine.exists(file) and not machine.may(file, os.R_OK):
            yield problem(
                f"{file} cannot be read by uid {machine.uid}", f"sudo chown {machine.uid} {_quoted(file)} && sudo chmod 640 {_quoted(file)}"
            )
    if artifact.soc == "cpu" or not machine.exists(path):
        return
    if path.is_symlink():
        yield problem(
            f"{path} is a link, which the SDK does not load", f'cp --remove-destination "$(readlink -f {_quoted(path)})" {_quoted(path)}'
        )
    owner = path.stat().st_uid
    if owner != machine.uid:
        what = f"{path} belongs to {machine.user(owner)}, not to uid {machine.uid}: SDK 7.x only remarks on it, older ones may refuse"
        yield note(what, f"sudo chown {machine.uid} {_quoted(path)}")
    if artifact.command and not AIPP_OPTION.search(artifact.command):
        again = f"ascend-classify convert atc {model.manifest.name} --soc {artifact.soc}"
        yield problem(f"{artifact.file} was compiled without AIPP: it takes float pixels, the pipeline sends bytes", again)
    gears = ", ".join(map(str, artifact.batch_sizes))
    yield ok(f"{artifact.file} is for {artifact.soc}, {'gears' if len(artifact.batch_sizes) > 1 else 'batches of'} {gears}")


def _inspected(inspect: Inspect, target: Path, others: dict[Path, str]) -> Iterator[Finding]:
    """The result of an inspection, with one line for a good file; for `others`, which are not used, problems become notes."""
    try:
        files = list(inspect(target))
    except ClassifyError as error:
        yield problem(error.message.rstrip("."), error.remedy)
        return
    for file in files:
        wrong = [finding for finding in file.findings if finding.status == "problem"]
        aside = f" ({others[file.path]})" if file.path in others else ""
        for finding in wrong:
            found, remedy = note if aside else problem, finding.remedy or f"ascend-classify convert inspect {_quoted(file.path)}"
            yield found(f"{file.path.name}: {finding.what}{aside}", remedy)
        if file.findings and not wrong:
            yield ok(f"{file.path.name}: {listed((each.what.partition(':')[0] for each in file.findings), 8)}{aside}")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
