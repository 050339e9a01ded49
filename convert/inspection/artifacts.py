"""Inspects compiled models: ONNX for a CPU, OM for Ascend."""

import json
import shlex
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from convert.atc.om import read_om_header
from convert.conversion_errors import ConvertError, OmInvalid
from convert.inspection.context import Context
from convert.inspection.findings import Inspection, Remark, agree
from convert.inspection.onnx_facts import OnnxFacts, read_onnx_facts
from models.artifact_agreement import check_agreement
from models.artifact_facts import provenance_path
from models.manifest import Artifact, ModelManifest
from models.model_errors import ArtifactStale
from models.rebuild_command import fold_command
from models.store import sha256_of
from models.whole_file import FILE_MODE

CPU = "cpu"
MAX_PROVENANCE_BYTES = 1 << 20


def inspect_onnx(path: Path, context: Context) -> Inspection:
    """Inspect an ONNX file, and compare it with the manifest."""
    try:
        onnx = read_onnx_facts(path)
    except (ConvertError, OSError) as error:
        damaged = Remark.of(error) if isinstance(error, ConvertError) else Remark(fits=False, what=str(error))
        return Inspection(str(path), "ONNX model, damaged", findings=(damaged, *_of_the_manifest(path, context)))
    facts: dict[str, object] = {
        "inputs": [str(tensor) for tensor in onnx.inputs],
        "outputs": [str(tensor) for tensor in onnx.outputs],
        "opset": ", ".join(f"{domain} {version}".strip() for domain, version in onnx.opsets.items()),
        "written by": onnx.producer,
        "nodes": onnx.nodes,
        "parameters": f"{onnx.parameters:,} in {onnx.parameter_bytes:,} bytes",
        "recipe": "folded in" if onnx.folded else "not folded in",
        "metadata": [f"{key} = {value}" for key, value in onnx.metadata.items()],
    }
    findings = [*context.findings, *_of_the_manifest(path, context)]
    if onnx.external:
        findings.append(Remark(fits=False, what="its weights are stored in other files", remedy="Save it as one ONNX file."))
    if artifact := context.artifact(path):
        assert context.manifest is not None  # noqa: S101 - it has the artifact
        findings += _onnx_findings(path, onnx, context, context.manifest, artifact)
    return Inspection(str(path), "ONNX model", facts, tuple(findings))


def _onnx_findings(path: Path, onnx: OnnxFacts, context: Context, manifest: ModelManifest, artifact: Artifact) -> Iterator[Remark]:
    width, height = manifest.recipe.input_size_px
    batch = artifact.batch_sizes[0] if len(artifact.batch_sizes) == 1 else "N"
    intact = sha256_of(path) == artifact.sha256
    again = fold_command(manifest, context.folder) if intact else context.rebuild(CPU)
    from_plain = f"{again} --network {shlex.quote(str(path))}" if intact else again
    yield agree("soc", CPU, artifact.soc, context.rebuild(artifact.soc))
    yield agree("recipe", "folded in" if onnx.folded else "not folded in", "folded in", from_plain)
    yield agree("recipe's sha256", onnx.metadata.get("recipe_sha256", "none"), manifest.recipe.sha256, again)
    yield agree("model", onnx.metadata.get("model", "none"), manifest.name, again)
    yield agree("version", onnx.metadata.get("version", "none"), manifest.version, again)
    yield agree("batch sizes", onnx.metadata.get("batch_sizes", "none"), ",".join(map(str, artifact.batch_sizes)), again)
    yield agree("input", "; ".join(map(str, onnx.inputs)), f"image uint8 [{batch}, {height}, {width}, 3]", again)
    yield agree("output", "; ".join(map(str, onnx.outputs)), f"scores float32 [{batch}, {manifest.classes}]", again)


def inspect_om(path: Path, context: Context) -> Inspection:
    """Inspect an OM: its header, its provenance file, and compare it with the manifest."""
    facts: dict[str, object] = {}
    findings = [*context.findings, *_of_the_manifest(path, context)]
    artifact = context.artifact(path)
    try:
        header = read_om_header(path)
    except OmInvalid as error:
        damaged = Remark.of(error)
        findings.append(replace(damaged, remedy=context.rebuild(artifact.soc)) if artifact else damaged)
    else:
        facts = {"name": header.name, "model type": header.model_type, "version": f"{header.version:#x}", "bytes": path.stat().st_size}
        findings += [Remark(fits=True, what="the header is an OM's, and the length is right"), *(_noted(text) for text in header.warnings)]
    mode = stat.S_IMODE(path.stat().st_mode)
    findings.append(_mode(path, mode))
    if artifact and artifact.soc == CPU:
        findings.append(Remark(fits=False, what="soc: an OM is for Ascend, but the manifest says cpu", remedy=context.rebuild(CPU)))
    if provenance_path(path).is_file():
        told = [*_provenance(path, facts)]
        findings += [] if artifact else told  # an artifact's is held against the manifest
    else:
        facts["provenance"] = "none"
    if artifact and artifact.soc != CPU and context.manifest and sha256_of(path) == artifact.sha256:
        findings.append(_agreement(context.manifest, artifact, context))
    return Inspection(str(path), "OM, a model for Ascend", facts, tuple(findings))


def _noted(text: str) -> Remark:
    return Remark(fits=True, what=text.rstrip("."))


def _mode(path: Path, mode: int) -> Remark:
    if mode & ~FILE_MODE:
        what = f"mode {mode:04o}, and the vendor's runtime refuses more than {FILE_MODE:04o}"
        return Remark(fits=False, what=what, remedy=f"chmod {FILE_MODE:o} {path}")
    return Remark(fits=True, what=f"mode {mode:04o}")


def _agreement(manifest: ModelManifest, artifact: Artifact, context: Context) -> Remark:
    try:
        check_agreement(manifest, artifact, context.folder)
    except ArtifactStale as error:
        return Remark.of(error)
    return Remark(fits=True, what="it was made for this manifest")


def _provenance(path: Path, facts: dict[str, object]) -> Iterator[Remark]:
    beside = provenance_path(path)
    remove = f"rm {shlex.quote(str(beside))}"
    try:
        with beside.open("rb") as file:
            content = json.loads(file.read(MAX_PROVENANCE_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        yield Remark(fits=False, what=f"{beside.name} cannot be read: {error}", remedy=remove)
        return
    told = content if isinstance(content, dict) else {}
    for key in ("source", "aipp", "soc", "batch_sizes", "atc_version", "command", "ended", "converter", "model"):
        facts[key.replace("_", " ")] = ", ".join(map(str, told[key])) if isinstance(told.get(key), list) else str(told.get(key, "not told"))
    if told.get("om_sha256") == sha256_of(path):
        yield Remark(fits=True, what=f"{beside.name} describes this file")
    else:
        yield Remark(fits=False, what=f"{beside.name} describes another file, {told.get('om', 'without a name')}", remedy=remove)


def _of_the_manifest(path: Path, context: Context) -> Iterator[Remark]:
    if context.manifest is None:
        return
    artifact = context.artifact(path)
    if artifact is None:
        what = f"the manifest of {context.manifest.name} does not know this file"
        yield Remark(fits=False, what=what, remedy=f"rm {shlex.quote(str(path))}")
        return
    yield agree("sha256", sha256_of(path), artifact.sha256, context.rebuild(artifact.soc))
