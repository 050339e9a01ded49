"""The CPU runtime tells an engine process the time of each stage."""

from collections.abc import Mapping
from pathlib import Path

from pipelines.cpu.observed import MxDataInput, open_observed
from server.engines.plan import plan_rendered
from tests.level_model import level_png, store_level_model


def test_the_stages_of_an_image_are_told_and_every_run_of_the_model(tmp_path: Path) -> None:
    plan = plan_rendered(store_level_model(tmp_path), "cpu", "", 1)
    runs: list[tuple[int, int]] = []
    stages: dict[tuple[str, int], Mapping[str, float]] = {}
    manager = open_observed(
        {"strict": True},
        lambda stream, unique_id, stages_s: stages.update({(stream, unique_id): stages_s}),
        lambda images, padding: runs.append((images, padding)),
    )
    manager.InitManager()
    assert manager.CreateMultipleStreams(plan.text) == 0
    data = MxDataInput()
    data.data = level_png(8)
    unique_id = manager.SendDataWithUniqueId(b"classify0", 0, data)
    assert manager.GetResultWithUniqueId(b"classify0", unique_id, 5000).errorCode == 0
    assert {"decode", "resize", "infer"} <= stages["classify0", unique_id].keys()
    assert runs == [(1, 0)]
    manager.DestroyAllStreams()
    plan.close()
