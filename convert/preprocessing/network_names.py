"""The names of the network that timm's and Hugging Face's files say."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convert.conversion_errors import ConvertError
from convert.networks.resnet_graph import ResNetGraph
from convert.networks.said_architecture import check_said
from convert.preprocessing.recipe_file import BESIDE, content_of

_HARMLESS = {"num_classes", "in_chans", "drop_rate", "drop_path_rate", "drop_block_rate", "pretrained", "zero_init_last", "img_size"}
"""Arguments of timm that change nothing of what a network computes with the weights it has."""
_POOL, _MEAN_POOL = "global_pool", "avg"  # the latter is what every ResNet here has


def check_names(weights: Path, named: Path | None, inside: str, recognised: str) -> None:
    """Raise ConvertError if the weights themselves (`inside`), or a file that belongs to them, name another network."""
    for source, name in ([(weights.name, inside)] if inside else []) + names_beside(weights, named):
        check_said(name, source, recognised)


def names_beside(weights: Path, named: Path | None) -> list[tuple[str, str]]:
    """(file, name of the network) of the files in the folder of the weights, and of the file that the caller names."""
    files = [weights.parent / name for name in BESIDE] + ([named] if named else [])
    found: dict[Path, str] = {}
    for file in files:
        if file.suffix == ".json" and file.is_file():
            try:
                name = network_name(content_of(file))
            except ConvertError:  # one that is needed for the recipe is refused there
                continue
            if name:
                found[file.resolve()] = name
    return [(file.name, name) for file, name in found.items()]


def network_name(content: Mapping[str, Any]) -> str:
    """The name of the network in a config.json, with what makes another one of it; empty if it names none."""
    inner = content.get("pretrained_cfg")
    timm = _text(content, "architecture") or (_text(inner, "architecture") if isinstance(inner, dict) else "")
    if timm:
        arguments = content.get("model_args")
        arguments = arguments if isinstance(arguments, dict) else {}
        changed = sorted(set(arguments) - _HARMLESS - {_POOL})
        pools = [_text(content, _POOL) or _MEAN_POOL, arguments.get(_POOL, _MEAN_POOL)]
        changed += [f"{_POOL} {pool}" for pool in pools if pool != _MEAN_POOL][:1]
        return f"{timm} with {', '.join(changed)}" if changed else timm
    classes = content.get("architectures")
    kind = _text(content, "model_type")
    if kind == "resnet":
        return _of_transformers(content)
    return str(classes[0]) if isinstance(classes, list) and classes else kind


def _of_transformers(content: Mapping[str, Any]) -> str:
    """A ResNet of Hugging Face: its blocks, and whether the stride is where torchvision has it."""
    depths = content.get("depths")
    if not (isinstance(depths, list) and depths and all(type(depth) is int for depth in depths)):
        return "resnet"
    name = ResNetGraph(tuple(depths), basic=content.get("layer_type") == "basic").name
    changed = [key for key in ("downsample_in_bottleneck", "downsample_in_first_stage") if content.get(key)]
    changed += ["hidden_act"] if content.get("hidden_act") not in (None, "relu") else []
    return f"{name} with {', '.join(changed)}" if changed else name


def _text(content: Mapping[str, Any], key: str) -> str:
    value = content.get(key)
    return value if isinstance(value, str) else ""
