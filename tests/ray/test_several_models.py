"""Several models in each replica: `?model=` chooses, and only the one that has changed is loaded anew. Serve's multiplexing is not used."""

from pathlib import Path

import httpx

from server.ray.ray_cluster import RayCluster
from tests.level_model import CLASSES, level_png, store_level_model, store_reversed_level_model
from tests.ray.cluster import PORT, TestCluster, eventually
from tests.ray.conftest import LEVEL
from tests.server.serving.test_reload import publish

MODELS = ("level", "reversed")


def versions(cluster: RayCluster) -> list[tuple[str, ...]]:
    """Of the models of each replica."""
    return [tuple(each["models"][name]["version"] for name in MODELS) for each in cluster.replicas()]


def test_each_replica_has_all_models_and_the_request_names_one(nodes: TestCluster, file: Path, tmp_path: Path) -> None:
    store_level_model(tmp_path)
    store_reversed_level_model(tmp_path, "reversed")
    words, settings = ("--chips", 1, "--least", 2, "--most", 2), LEVEL | {"models": ",".join(MODELS), "model_store": tmp_path}
    nodes.up(file, *words, **settings)
    cluster = RayCluster(nodes.address)
    eventually(lambda: versions(cluster), lambda found: found == [("1", "1")] * 2)
    with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=60) as client:
        for number in range(16):
            answers = [client.post(f"/classify{query}", content=level_png(4 * number)) for query in ("", "?model=level", "?model=reversed")]
            classes = [answer.json()["predictions"][0]["class_id"] for answer in answers]
            assert classes == [number, number, CLASSES - 1 - number]
        assert client.post("/classify?model=other", content=level_png(4)).status_code == 404
    publish(tmp_path, "two")
    nodes.up(file, *words, **settings)
    eventually(lambda: versions(cluster), lambda found: found == [("two", "1")] * 2)
