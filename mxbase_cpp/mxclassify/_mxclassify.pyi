from collections.abc import Callable
from typing import Literal, Self

INTERFACE: int
"""Rises when what the server asks of this module changes; a module that was built before is refused."""
RUNTIME: Literal["ascend", "cpu"]
"""The runtime it was built for."""

Outcome = Literal["ok", "undecodable", "expired", "cancelled", "failed", "closed"]

# number, outcome, why not, (class id, score) best first, seconds by stage (decode, resize, queue, infer, postprocess), images in its
# batch, size of the batch (0 for both where there was none), and where they were asked for the scores of all classes in the order of
# their ids (little-endian float32)
Result = tuple[int, Outcome, str, list[tuple[int, float]], dict[str, float], int, int, bytes | None]

class DeviceError(RuntimeError):
    """An error of the SDK; the message ends with its code."""

class Classifier:
    """Classifies encoded images in batches of the sizes the model was compiled for.

    `on_results` is called by one thread of the classifier with everything that is over since its last call. Close it: a classifier
    that is only forgotten drops what is in flight, and calls no more.
    """

    def __init__(
        self,
        on_results: Callable[[list[Result]], None],
        *,
        model_path: str,
        device_id: int,
        resize: Literal["stretch", "short_side"],
        resize_width_px: int,
        resize_height_px: int,
        crop_width_px: int,
        crop_height_px: int,
        decode: Literal["exact", "reduced"],
        ranking: Literal["own", "sdk"],
        classes: int,
        top_k: int,
        softmax: bool,
        decoders: int,
        lanes: int,
        capacity: int,
        precision: Literal["", "f32", "bf16", "int8"],
        latency: bool,
    ) -> None:
        """Load the model and measure its batch sizes.

        The crop, in the centre, is 0 x 0 but after "short_side". Nothing has a default: a model's manifest says it all
        (pipelines/classifier_config.py). `precision` is empty for an OM, and for f32 on a CPU. Whether the processor has bf16
        is not asked here: one that has none imitates it, slowly. Raises DeviceError, or ValueError with the name of the argument
        that is missing, unknown, of another type or out of its range.
        """

    def submit(self, number: int, image: bytes, deadline_s: float, full: bool = False, slow: bool = False) -> bool:
        """Take an image until a time on time.monotonic()'s clock; returns False if full, closed, or if the number is in flight.

        `full` asks also for the scores of all classes.
        """

    def cancel(self, number: int) -> None:
        """Skip the work that is not done yet; the result is still delivered."""

    def close(self, drain_s: float = 0.0) -> None:
        """Answer the accepted images for at most `drain_s` seconds, end the rest as "closed"; returns when every result is delivered.

        Raises RuntimeError inside `on_results`.
        """

    @property
    def in_flight(self) -> int:
        """The number of images in progress."""

    @property
    def gears(self) -> list[tuple[int, float]]:
        """The batch sizes, each with the seconds of one inference."""

class StderrTrap:
    """The trap of the process, for decoders in Python: drops C's output to `stderr` while a thread is inside."""

    def __init__(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *of: object) -> None: ...
    @property
    def sprung(self) -> bool:
        """Whether this thread has reported damage since its last entry."""
