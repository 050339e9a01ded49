"""What the golden image and the last evaluation say of a model. The rest: tests/server/api/test_models_routes.py."""

from pathlib import Path

from models.manifest import Golden
from models.store import sha256_of
from tests.level_model import level_png, level_scores, store_level_model
from tests.made_model import change_model
from tests.server.evaluation.level_sets import finished, make_level_set
from tests.server.process import ServerProcess


def test_the_golden_image_and_the_accuracy_of_the_last_evaluation_and_whether_it_is_of_what_is_served(tmp_path: Path) -> None:
    level = store_level_model(tmp_path / "store")
    (level.folder / "golden.png").write_bytes(level_png(40))
    golden = Golden(file="golden.png", sha256=sha256_of(level.folder / "golden.png"), class_id=10, score=float(level_scores(40)[10]))
    level = change_model(level, golden=golden)
    small = make_level_set(tmp_path / "val", 60)
    with ServerProcess(model_store=tmp_path / "store", model="level", evaluation_roots=f"val={small.folder}") as server:
        location = server.client.post("/evaluate", json={"dataset": "val", "labels": "val_label.txt"}).headers["location"]
        finished(server, location)
        [card] = server.client.get("/models").json()["models"]
        share = server.client.get(f"{location}/report").json()["accuracy"]["top1"]
        assert card["golden"] == {"class_id": 10, "score": golden.score, "passed": True}
        accuracy = card["accuracy"]
        assert accuracy | {"ended": ""} == {
            "evaluation": location.rpartition("/")[2],
            "dataset": "val",
            "ended": "",
            "images": 60,
            "top1": small.correct / 60,
            "interval": share["interval"],
            "same_model": True,
        }
        assert accuracy["interval"][0] < accuracy["top1"] < accuracy["interval"][1]
        page = server.client.get("/models", headers={"accept": "text/html"}).text
        assert f"{100 * small.correct / 60:.2f}%" in page
        assert f'href="evaluate/{accuracy["evaluation"]}/report"' in page
        change_model(level, version="2")
        assert server.client.post("/admin/models/reload").status_code == 200
        [card] = server.client.get("/models").json()["models"]
        assert (card["version"], card["accuracy"]["same_model"]) == ("2", False)
        assert server.client.get("/models", headers={"x-forwarded-for": "10.0.0.9"}).json()["models"][0]["accuracy"] is None
