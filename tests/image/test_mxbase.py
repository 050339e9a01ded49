from pathlib import Path

from tests.image.builder import Builder
from tests.image.container import Container


def test_the_compiled_engine_answers(builder: Builder, cpu_with_all: str, models: Path, cat: bytes) -> None:
    with Container(builder, cpu_with_all, models=models, ENGINES="mxbase,stream") as container:
        container.wait_ready()
        response = container.client.post("/classify", content=cat, headers={"Content-Type": "image/png"})
        assert response.json()["predictions"][0]["class_id"] == 285
        assert response.json()["engine"] == "mxbase"
        assert {(engine["name"], engine["up"]) for engine in container.client.get("/info").json()["engines"]} == {
            ("mxbase", True),
            ("stream", True),
        }
        assert not list(container.tree.glob("usr/bin/*g++*"))
