"""The names of a model's classes in Chinese, for people: answers keep the labels.

A model may bring its own in a file beside its labels (`labels.zh.names` beside `labels.names`), a line for each class. Labels that
are ImageNet's have those of `zoo/imagenet.zh.names`. No answer depends on these names, so the manifest has no hash of them.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from models.model_errors import ArtifactDamaged
from models.store import ZOO, StoredModel
from models.synsets import are_imagenets
from models.text_file import read_text, text_lines

ENDING = ".zh.names"


def own_file(model: StoredModel) -> Path:
    """Where a model may have names of its own."""
    return (model.folder / model.manifest.labels).with_suffix(ENDING)


def chinese_names(model: StoredModel, labels: Sequence[str]) -> tuple[str, ...]:
    """The names by class id, for the model's `labels`; empty if it has none. Raises ArtifactDamaged for a file that does not fit."""
    path = own_file(model)
    if not path.is_file():
        return _imagenets() if _have_imagenets(tuple(labels)) else ()
    remedy = f"Write a line for each class into {path.name}, in UTF-8, or remove the file."
    try:
        names = tuple(text_lines(read_text(path)))
    except (OSError, ValueError) as error:
        raise ArtifactDamaged(f"{path}: {error}.", remedy) from error
    if len(names) != len(labels):
        raise ArtifactDamaged(f"{path} has {len(names)} lines for {len(labels)} classes.", remedy)
    return names


@cache
def _imagenets() -> tuple[str, ...]:
    return tuple(text_lines(read_text(ZOO / f"imagenet{ENDING}")))


@lru_cache(maxsize=8)  # the comparison of a thousand spellings takes milliseconds
def _have_imagenets(labels: tuple[str, ...]) -> bool:
    return are_imagenets(labels)
