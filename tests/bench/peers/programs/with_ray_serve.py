"""Ray Serve: a replica a core, each with a thread of inference, behind Ray's own proxy."""

import os
import tempfile
import time

import ray
from network import Arguments, Network
from ray import serve
from starlette.requests import Request

CORES = len(os.sched_getaffinity(0))


@serve.deployment(num_replicas=CORES, max_ongoing_requests=32, ray_actor_options={"num_cpus": 1})
class Classify:
    """Classifies the picture in the body."""

    def __init__(self, arguments: Arguments) -> None:
        self.network = Network(arguments, INFERENCE_NUM_THREADS=1, NUM_STREAMS=1)

    async def __call__(self, request: Request) -> dict[str, object]:
        """The answer."""
        return {"predictions": self.network.classify(await request.body())}


if __name__ == "__main__":
    arguments = Arguments.of_command_line()
    ray.init(
        num_cpus=CORES + 2,
        include_dashboard=False,
        object_store_memory=200_000_000,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
        _temp_dir=tempfile.gettempdir(),
    )
    serve.start(http_options={"host": "127.0.0.1", "port": arguments.port})
    serve.run(Classify.bind(arguments), route_prefix="/classify")
    while True:
        time.sleep(3600)
