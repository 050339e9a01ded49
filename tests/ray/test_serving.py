"""Four replicas on two nodes: each has its chip, all give the answers of the plain server."""

import httpx
import pytest

from server.ray.ray_cluster import RayCluster
from tests.level_model import level_png
from tests.ray.cluster import PORT

URL = f"http://127.0.0.1:{PORT}"

pytestmark = pytest.mark.smoke


def test_each_replica_drives_its_own_chip(four: RayCluster) -> None:
    assert four.state()[0] == "RUNNING"
    told = four.replicas()
    places = {(each["node"], *each["models"]["level"]["engines"]) for each in told}
    assert len({each["node"] for each in told}) == 2
    assert sorted(engine for _, engine in places) == ["stream:0", "stream:0", "stream:1", "stream:1"]
    assert [each["ready"] for each in told] == [True] * 4


@pytest.mark.usefixtures("four")
def test_an_answer_is_that_of_the_plain_server() -> None:
    with httpx.Client(base_url=URL) as client:
        answers = [client.post("/classify", content=level_png(4 * number)) for number in range(16)]
    assert [answer.json()["predictions"][0]["class_id"] for answer in answers] == list(range(16))
    headers = answers[0].headers
    assert len(headers.get_list("x-request-id")) == 1
    assert (headers["x-engine"], "infer;dur" in headers["server-timing"]) == ("stream", True)


@pytest.mark.usefixtures("four")
def test_what_is_refused() -> None:
    with httpx.Client(base_url=URL) as client:
        found = [
            client.post("/classify", content=b"no picture"),
            client.post("/classify?model=other", content=level_png(4)),
            client.get("/evaluate"),
            client.post("/admin/models/reload"),
            client.post("/v2/repository/models/level/load"),
        ]
    assert [answer.status_code for answer in found] == [415, 404, 403, 403, 403]
    assert "ascend-classify ray up" in found[2].json()["error"]
