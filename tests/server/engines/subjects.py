"""The engines that the contract is held against, each with pictures whose answers are known."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from server.engines.base import Engine
from server.engines.fake import FakeEngine, fake_prediction
from server.engines.plan import plan_rendered
from server.engines.stream import StreamEngine
from server.types import EncodedImage, ImageFormat
from tests.level_model import level_image, store_level_model


@dataclass(frozen=True)
class Subject:
    """One engine under test. `slow` pictures keep it busy for some 20 ms each; `broken` is one it cannot decode."""

    make: Callable[[int], Engine]
    image: Callable[[int], EncodedImage]
    expected: Callable[[int], int]
    slow: Callable[[int], EncodedImage]
    broken: EncodedImage


def fake_subject(_folder: Path) -> Subject:
    """The engine without a model."""

    def image(number: int) -> EncodedImage:
        return EncodedImage(f"picture {number}".encode(), ImageFormat.PNG, 1, 1)

    return Subject(
        make=lambda capacity: FakeEngine(capacity, latency_s=0.005),
        image=image,
        expected=lambda number: fake_prediction(image(number)).scores[0].class_id,
        slow=image,
        broken=EncodedImage(b"FAKE-DAMAGE", ImageFormat.PNG, 1, 1),
    )


def _stream_subject(folder: Path, batch_sizes: tuple[int, ...], *, strict: bool = False) -> Subject:
    model = store_level_model(folder, batch_sizes=batch_sizes)
    return Subject(
        make=lambda capacity: StreamEngine(lambda: plan_rendered(model, "host", "", 2), "host", capacity, strict=strict),
        image=lambda number: level_image(number % 64),
        expected=lambda number: number % 64,
        slow=lambda number: level_image(number % 64, side_px=2000),
        broken=EncodedImage(b"\x89PNG\r\n\x1a\nnothing", ImageFormat.PNG, 1, 1),
    )


SUBJECTS: dict[str, Callable[[Path], Subject]] = {
    "fake": fake_subject,
    "stream": lambda folder: _stream_subject(folder, (1,)),
    "stream-static-batch": lambda folder: _stream_subject(folder, (4,)),
    "stream-batch-sizes": lambda folder: _stream_subject(folder, (1, 2, 4, 8)),
    "stream-strict": lambda folder: _stream_subject(folder, (1,), strict=True),
    "stream-strict-batch-sizes": lambda folder: _stream_subject(folder, (1, 2, 4, 8), strict=True),
}
