"""An artifact that answers pictures one by one, on one thread, as the server's engine does."""

from pathlib import Path
from time import process_time

import numpy as np

from convert.conversion_errors import ConvertError
from convert.plain_run import Floats
from convert.quantisation.picture_set import Pixels
from pipelines.cpu.elements.compiled_model import load_model

THREADS = 1
_TIMED = 20


class ScoredArtifact:
    """A CPU artifact, compiled for its smallest batch."""

    def __init__(self, path: Path) -> None:
        """Raises ConvertError if OpenVINO cannot run the file."""
        try:
            model = load_model(path, THREADS)
        except ValueError as error:
            raise ConvertError(f"OpenVINO cannot run the network: {error}.", "Serve it in f32 or bf16.") from error
        self._batch = model.batch_sizes[0]
        self._runner = model.runner()

    def logits(self, pixels: Pixels) -> Floats:
        """The logits, float32 (classes,), of a picture, uint8 [H, W, 3] in BGR."""
        scores: Floats = self._runner.run([pixels] * self._batch, self._batch)[0][0].reshape(-1)
        return scores

    def cpu_ms_an_image(self, pixels: Pixels) -> float:
        """The milliseconds of processor time of an image, the least of several runs: other work on the machine changes it little."""
        runs = []
        for _ in range(_TIMED):
            began_s = process_time()
            self.logits(pixels)
            runs.append(process_time() - began_s)
        return min(runs) * 1000 / self._batch


def best_class(logits: Floats) -> tuple[int, float]:
    """The best class and its probability."""
    powers = np.exp(logits - logits.max())
    return int(logits.argmax()), float(powers.max() / powers.sum())
