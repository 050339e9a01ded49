"""Inspects trained weights."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from convert.checkpoints import read_checkpoint
from convert.conversion_errors import CheckpointRefused, ConvertError
from convert.inspection.context import Context
from convert.inspection.findings import Inspection, Remark, agree
from convert.networks.architectures import parameter_shapes
from convert.networks.fit import COUNTER, fit
from convert.networks.resnext_naming import recognise
from models.store import sha256_of

LITE0, LITE0_BIAS = "efficientnet_lite0", "_fc.bias"


def inspect_checkpoint(path: Path, context: Context) -> Inspection:
    """Inspect a checkpoint of any format, and compare it with the checkpoint that the manifest names as its origin."""
    try:
        checkpoint = read_checkpoint(path)
    except CheckpointRefused as error:
        return Inspection(str(path), "checkpoint", findings=(Remark.of(error),))
    tensors = checkpoint.tensors
    types = Counter(str(tensor.dtype) for tensor in tensors.values())
    facts: dict[str, object] = {
        "format": checkpoint.format,
        "tensors": f"{len(tensors)} ({', '.join(f'{count} {kind}' for kind, count in types.items())})",
        "parameters": f"{sum(tensor.size for name, tensor in tensors.items() if not name.endswith(COUNTER)):,}",
        "left out": list(checkpoint.left_out) or "nothing",
    }
    findings = [*context.findings]
    try:
        architecture, classes, named = _recognised(tensors)
        facts |= {"architecture": architecture, "classes": classes}
        fit(named, parameter_shapes(architecture, classes), architecture)
        findings.append(Remark(fits=True, what=f"the weights of {architecture} are complete and finite"))
    except ConvertError as error:
        findings.append(Remark.of(error))
    if context.manifest and context.manifest.origin:
        remedy = "The model was imported from another checkpoint: import it again."
        findings.append(agree("sha256", sha256_of(path), context.manifest.origin.sha256, remedy))
    return Inspection(str(path), "checkpoint", facts, tuple(findings))


def _recognised(tensors: Mapping[str, np.ndarray]) -> tuple[str, int, Mapping[str, np.ndarray]]:
    """The architecture, its classes, and the tensors by the architecture's names; raises ConvertError if it is unknown."""
    if LITE0_BIAS in tensors:
        return LITE0, tensors[LITE0_BIAS].size, tensors
    found = recognise(tensors)
    return found.network.name, found.classes, found.tensors
