"""The figures of a soak that goes on where it stopped: seed, positions and counts in one file."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from models.whole_file import write_whole

MAX_FAULTS = 100
"""Faults whose texts are kept; all are counted."""


@dataclass
class Progress:
    """What was sent so far, over all runs. The next image or request of an engine has the index that its count says."""

    seed: int
    images: Counter[str] = field(default_factory=Counter)  # by engine
    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    crashes: int = 0
    fault_count: int = 0
    faults: list[str] = field(default_factory=list)
    rss_mb: tuple[float, float] = (0.0, 0.0)
    """Of the server that grew most: after its first block and at its end."""

    @classmethod
    def read(cls, path: Path, seed: int) -> Self:
        """The progress in a file; a new one with this seed if there is none. Raises ValueError for a file of another kind."""
        if not path.exists():
            return cls(seed)
        try:
            words = json.loads(path.read_bytes())
            for name in ("images", "requests", "statuses"):
                words[name] = Counter(words[name])
            return cls(**words | {"rss_mb": tuple(words["rss_mb"])})
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} does not hold the figures of a soak ({error}). Start anew with --fresh.") from error

    def write(self, path: Path) -> None:
        """Replace the file as a whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(vars(self), indent=1).encode())

    def add_faults(self, faults: list[str]) -> None:
        """Count broken promises, and keep the first of them."""
        self.fault_count += len(faults)
        self.faults += faults[: MAX_FAULTS - len(self.faults)]

    def add_memory(self, first_mb: float, last_mb: float) -> None:
        """What one server held after its first block and at its end."""
        if last_mb - first_mb >= self.rss_mb[1] - self.rss_mb[0]:
            self.rss_mb = (first_mb, last_mb)

    def __str__(self) -> str:
        def parts(counts: Counter[str]) -> str:
            return f"{counts.total()} ({', '.join(f'{engine} {count}' for engine, count in sorted(counts.items()))})"

        failed = sum(count for status, count in self.statuses.items() if status >= "500")
        return (
            f"so far: {parts(self.images)} images, {parts(self.requests)} requests in {self.seconds:.0f} s, 5xx {failed}, "
            f"crashes {self.crashes}, other faults {self.fault_count - failed - self.crashes}, "
            f"RSS from {self.rss_mb[0]:.0f} to {self.rss_mb[1]:.0f} MiB"
        )
