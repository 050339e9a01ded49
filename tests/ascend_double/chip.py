"""One chip of the double, alone in a fleet: no other chip hides what happens to its images."""

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from time import monotonic, sleep

from models.manifest import Recipe
from server.engines.fleet.fleet import Fleet
from server.engines.fleet.member import Member, Watch
from server.engines.plan import plan_rendered
from server.engines.process.engine_process import EngineProcess, Replacement
from server.engines.process.program import StreamProgram
from server.engines.work import InferenceRequest
from server.errors import Saturated
from server.types import EncodedImage, Prediction
from tests.ascend_double.double import AscendDouble, store_om_model
from tests.level_model import level_image
from tests.made_model import change_model


class Chip:
    """An engine process over the double. `replaced` counts its replacements, `switches` how often it was out of service or came back."""

    def __init__(self, folder: Path, *, stall_s: float = 20, growth_bytes: int = 0, recipe: Recipe | None = None) -> None:
        """`folder` is a new one."""
        model, self.double = store_om_model(folder / "store"), AscendDouble(folder / "python")
        if recipe:
            model = change_model(model, recipe=recipe)
        program = StreamProgram(lambda: plan_rendered(model, "ascend", "Ascend310", 2), "ascend", self.double.python)
        self.replaced = self.switches = 0
        replacement = Replacement(growth_bytes, look_s=0.05, pause_s=0.0, count=self._count)
        self.engine = EngineProcess("stream", program, back_off_s=0.05, replacement=replacement)
        self.fleet = Fleet([[Member(self.engine, watch=Watch(stall_s, back_off_s=0.05))]], 64, self._switched)

    def _count(self) -> None:
        self.replaced += 1

    def _switched(self, _before: str, _after: str, _reason: str) -> None:
        self.switches += 1

    def submit(self, image: EncodedImage, timeout_s: float = 30) -> Future[Prediction]:
        """Wait for room, since the window may be full."""
        while True:
            try:
                return self.fleet.submit(InferenceRequest(image, "test", monotonic() + timeout_s))
            except Saturated:
                sleep(0.001)

    def answers(self, images: int) -> Sequence[int | BaseException]:
        """The best class of so many images at once, or its error; the class should be the number of the image, modulo 64."""
        futures = [self.submit(level_image(number % 64)) for number in range(images)]
        return [future.exception(30) or future.result().scores[0].class_id for future in futures]


def right(images: int) -> Sequence[int]:
    """What `answers` should be."""
    return [number % 64 for number in range(images)]
