"""The most this machine can do without a server: decode, resize and infer one image again and again, in bare threads.

`python -m tests.bench.ceiling STORE MODEL IMAGE PRECISION` answers each line "WHAT COUNT SECONDS" on its input with a line of JSON:
`loop` runs COUNT threads, `infer` keeps COUNT asynchronous inferences under way (0: as many as OpenVINO finds best) with a
picture that is decoded already.
"""

import json
import subprocess
import sys
import threading
from pathlib import Path
from time import perf_counter, process_time
from types import TracebackType
from typing import Any, Self, cast

from models.artifact_precision import Precision
from models.store import ModelStore
from tests.bench import chosen

THREADS = (1, 2, 3, 4)


class Loop:
    """The bare loop over one compiled model, the same as the server's."""

    def __init__(self, store: Path, name: str, image: Path, precision: Precision) -> None:
        from pipelines.cpu.elements.compiled_model import load_model

        model = ModelStore(store).open(name)
        self._recipe = model.manifest.recipe
        self._image = image.read_bytes()
        self._compiled = load_model(model.check_artifact("cpu", precision)[1], precision=precision).compiled(1)

    def loop(self, threads: int, seconds: float) -> dict[str, float]:
        """Images/s of decode, resize and inference on so many threads; their median latency; CPU-ms an image."""
        latencies_s: list[list[float]] = [[] for _ in range(threads)]
        end_s = perf_counter() + seconds
        workers = [threading.Thread(target=self._work, args=(latencies, end_s)) for latencies in latencies_s]
        cpu_s = process_time()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        every = sorted(latency for latencies in latencies_s for latency in latencies)
        cpu_s = process_time() - cpu_s
        return {"rate": len(every) / seconds, "p50_ms": every[len(every) // 2] * 1000, "cpu_ms": cpu_s / len(every) * 1000}

    def _work(self, latencies_s: list[float], end_s: float) -> None:
        request, picture = self._request()
        while (began_s := perf_counter()) < end_s:
            self._decode(picture)
            request.infer()
            request.output_tensors[0].data.argmax()
            latencies_s.append(perf_counter() - began_s)

    def _request(self) -> tuple[Any, Any]:
        import numpy as np

        from pipelines.cpu.quiet_openvino import ov

        width_px, height_px = self._recipe.input_size_px
        picture = np.zeros((1, height_px, width_px, 3), np.uint8)
        request = self._compiled.create_infer_request()
        request.set_input_tensor(ov.Tensor(picture, shared_memory=True))
        return request, picture

    def _decode(self, picture: Any) -> None:
        import cv2
        import numpy as np

        pixels: Any = cv2.imdecode(np.frombuffer(self._image, np.uint8), cv2.IMREAD_COLOR)
        size = (self._recipe.resize_width_px, self._recipe.resize_height_px)
        cv2.resize(pixels, size, dst=picture[0], interpolation=cv2.INTER_LINEAR)

    def infer(self, requests: int, seconds: float) -> dict[str, float]:
        """Images/s of OpenVINO alone, asynchronously."""
        from pipelines.cpu.quiet_openvino import ov

        queue = ov.AsyncInferQueue(self._compiled, requests)
        _, picture = self._request()
        self._decode(picture)
        finished = 0
        cpu_s, began_s = process_time(), perf_counter()
        while perf_counter() - began_s < seconds:
            queue.start_async({0: picture})
            finished += 1
        queue.wait_all()
        elapsed_s = perf_counter() - began_s
        return {"rate": finished / elapsed_s, "cpu_ms": (process_time() - cpu_s) / finished * 1000}


class Ceiling:
    """A Loop in a process of its own, in the chosen precision or in another."""

    def __init__(self, store: Path, name: str, image: Path, precision: Precision | None = None) -> None:
        command = [sys.executable, "-m", "tests.bench.ceiling", str(store), name, str(image), precision or chosen.precision()]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def measure(self, what: str, count: int, seconds: float) -> dict[str, float]:
        """One measurement; see Loop."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{what} {count} {seconds}\n")
        self._process.stdin.flush()
        found: dict[str, float] = json.loads(self._process.stdout.readline())
        return found

    def best_threads(self, seconds: float) -> int:
        """The number of threads that does most."""
        return max(THREADS, key=lambda threads: self.measure("loop", threads, seconds)["rate"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


if __name__ == "__main__":
    store, name, image, precision = sys.argv[1:]
    here = Loop(Path(store), name, Path(image), cast("Precision", precision))
    for line in sys.stdin:
        what, count, seconds = line.split()
        sys.stdout.write(json.dumps(getattr(here, what)(int(count), float(seconds))) + "\n")
        sys.stdout.flush()
