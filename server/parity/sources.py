"""The sides of a comparison: an engine in this process, or a remote server."""

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from models.model_errors import ClassifyError

SourceAnswer = tuple[tuple[int, str, float], ...] | ClassifyError
"""The best classes, best first, at most 16, as (class id, label, probability); or the reason why there are none."""


class Source(Protocol):
    """A way to classify images."""

    @property
    def facts(self) -> Mapping[str, str]:
        """The facts as texts: `side`, `model`, `version`, `engine`, `runtime`, `precision`, `recipe_sha256`, `labels_sha256`."""

    def answers(self, paths: Sequence[Path]) -> Generator[SourceAnswer]:
        """One answer per file, in order; raises ClassifyError if no answer is possible at all."""
