"""Inspects trained weights."""

from collections import Counter
from pathlib import Path

from convert.checkpoints import read_checkpoint
from convert.conversion_errors import CheckpointRefused, ConvertError
from convert.inspection.context import Context
from convert.inspection.findings import Inspection, Remark, agree
from convert.networks.architectures import parameter_shapes
from convert.networks.fit import COUNTER, fit
from convert.networks.recognition import recognise
from models.store import sha256_of


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
        network = recognise(tensors)
        facts |= {"architecture": network.architecture, "classes": network.classes}
        facts |= {"note": [*checkpoint.told, *network.told]} if checkpoint.told or network.told else {}
        fit(network.tensors, parameter_shapes(network.architecture, network.classes), network.architecture)
        findings.append(Remark(fits=True, what=f"the weights of {network.architecture} are complete and finite"))
    except ConvertError as error:
        findings.append(Remark.of(error))
    if context.manifest and context.manifest.origin:
        remedy = "The model was imported from another checkpoint: import it again."
        findings.append(agree("sha256", sha256_of(path), context.manifest.origin.sha256, remedy))
    return Inspection(str(path), "checkpoint", facts, tuple(findings))
