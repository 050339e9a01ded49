"""The statistics count what was answered, what was not, and the runs by size."""

import pytest

from server.oip.model_statistics import statistics_of
from tests.level_model import level_png
from tests.server.oip.served_app import ServedApp


def test_images_are_counted_whatever_their_way(served: ServedApp) -> None:
    def now() -> tuple[int, int, int, int]:
        found = statistics_of([served.service.models.default], served.service.metrics).model_stats[0]
        stats = found.inference_stats
        assert stats.success.count == found.inference_count == stats.queue.count
        assert stats.success.ns == stats.queue.ns + stats.compute_input.ns + stats.compute_infer.ns + stats.compute_output.ns
        assert stats.cache_hit.count == stats.cache_miss.count == 0
        assert sum(each.compute_infer.count for each in found.batch_stats) == found.execution_count
        return found.inference_count, stats.fail.count, found.execution_count, stats.compute_infer.ns

    served.ask("POST", "/classify", content=level_png(4))
    images, failed, runs, ns = now()
    served.ask("POST", "/classify", content=level_png(4))
    served.ask("POST", "/v2/models/level/infer", content=level_png(4), headers={"inference-header-content-length": "0"})
    after = now()
    assert after[:3] == (images + 2, failed, runs + 2)
    assert after[3] > ns


def test_a_model_that_was_loaded_again_and_not_asked_yet(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.service.models.default.admission, "last_s", float("-inf"))
    assert served.ask("GET", "/v2/models/stats").json()["model_stats"][0]["last_inference"] == 0
