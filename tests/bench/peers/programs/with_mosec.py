"""mosec: a worker process a core, each with a thread of inference."""

import os
import sys

from mosec import Server, Worker
from network import Arguments, Network

arguments = Arguments.of_command_line()
sys.argv[1:] = ["--address", "127.0.0.1", "--port", str(arguments.port), "--timeout", "60000", "--log-level", "warning"]


class Classify(Worker):
    """Classifies the picture in the body."""

    def __init__(self) -> None:
        super().__init__()
        self.network = Network(arguments, INFERENCE_NUM_THREADS=1, NUM_STREAMS=1)

    def deserialize(self, data: bytes) -> bytes:
        """The body as it is."""
        return data

    def forward(self, data: bytes) -> dict[str, object]:
        """The answer."""
        return {"predictions": self.network.classify(data)}


if __name__ == "__main__":
    server = Server()
    server.append_worker(Classify, num=len(os.sched_getaffinity(0)), start_method="fork", route="/classify")
    server.run()
