"""What may be compared with what: an engine in this process, a server that runs elsewhere."""

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from models.model_errors import ClassifyError

SourceAnswer = tuple[tuple[int, str, float], ...] | ClassifyError
"""The best classes, best first, at most 16, as (class id, label, probability); or why there are none."""


class Source(Protocol):
    """A way to answer images."""

    @property
    def facts(self) -> Mapping[str, str]:
        """What answers, in words and hashes: `side`, `model`, `version`, `engine`, `runtime`, `recipe_sha256`, `labels_sha256`."""

    def answers(self, paths: Sequence[Path]) -> Generator[SourceAnswer]:
        """One answer a file, in order; raises ClassifyError where none can come at all."""
