"""What the CPU runtime tells an engine process."""

from pathlib import Path

from pipelines.cpu.observed import MxDataInput, Observed
from server.engines.plan import plan_rendered
from tests.level_model import level_png, store_level_model


def test_the_stages_of_an_image_are_told_once_and_every_run_of_the_model(tmp_path: Path) -> None:
    plan = plan_rendered(store_level_model(tmp_path), "cpu", "", 1)
    runs: list[tuple[int, int]] = []
    observed = Observed({"strict": True}, lambda images, padding: runs.append((images, padding)))
    observed.manager.InitManager()
    assert observed.manager.CreateMultipleStreams(plan.text) == 0
    data = MxDataInput()
    data.data = level_png(8)
    unique_id = observed.manager.SendDataWithUniqueId(b"classify0", 0, data)
    assert observed.manager.GetResultWithUniqueId(b"classify0", unique_id, 5000).errorCode == 0
    assert {"decode", "resize", "infer"} <= observed.take_stages("classify0", unique_id).keys()
    assert observed.take_stages("classify0", unique_id) == {}
    assert runs == [(1, 0)]
    observed.manager.DestroyAllStreams()
    plan.close()
