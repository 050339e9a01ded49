"""What is said where nothing can be evaluated; on a cluster, tests/ray has the rest."""

from pathlib import Path

import pytest

from server.cli.flags import load_settings
from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.jobs.evaluation_job import EvaluationRequest
from server.evaluation.run.local_run import evaluate
from server.evaluation.run.run_folder import RunFolder
from server.ray import ray_cluster
from server.ray.ray_cluster import ClusterUnready
from server.ray.ray_evaluation import evaluate_on_ray
from tests.level_model import store_level_model
from tests.server.cli.command import run, run_process
from tests.server.evaluation.level_sets import make_level_set

REQUEST = EvaluationRequest(dataset="val")


def test_without_the_extra_its_install_is_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda _name: None)
    store_level_model(tmp_path / "store")
    made = make_level_set(tmp_path / "val", 3)
    settings, folder = load_settings(model_store=tmp_path / "store", model="level"), RunFolder(tmp_path / "run")
    with pytest.raises(ClusterUnready, match=r"pip install 'ascend-classify\[ray\]'"):
        evaluate_on_ray(settings, made.folder, None, REQUEST, folder, lambda _: None, address="auto", actors=None)
    assert not folder.path.exists()


def test_a_whole_run_needs_no_cluster_and_another_list_is_refused(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    made = make_level_set(tmp_path / "val", 30)
    settings, folder, seen = load_settings(model_store=tmp_path / "store", model="level"), RunFolder(tmp_path / "run"), []
    alone = evaluate(settings, made.folder, None, REQUEST, folder, lambda _: None)

    def again() -> object:
        tell = lambda now: seen.append((now.done, now.top1))  # noqa: E731 - short
        return evaluate_on_ray(settings, made.folder, None, REQUEST, folder, tell, address="auto", actors=None).report

    assert again() == alone.report
    assert seen == [(30, made.correct)]
    (made.folder / "val_label.txt").write_text("0.png 5\n")
    with pytest.raises(RunInvalid, match="listed was 30 and is 1"):
        again()


def test_what_does_not_go_together() -> None:
    for words, told in ((("--scores",), "without --ray"), (("--url", "http://localhost"), "leave out --url or --ray")):
        done = run("evaluate", ".", "--ray", "auto", *words)
        assert (done.returncode, told in " ".join(done.stderr.replace("│", " ").split())) == (2, True)


@pytest.mark.smoke
def test_without_a_cluster_its_start_is_the_remedy(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray has an environment of its own: make test-ray")
    store_level_model(tmp_path / "store")
    made = make_level_set(tmp_path / "val", 3)
    own = {"RAY_TMPDIR": str(tmp_path), "MODEL_STORE": str(tmp_path / "store"), "MODEL": "level"}
    done = run_process("evaluate", made.folder, "--ray", "auto", **own)
    assert (done.returncode, "Start one: ray start --head [cluster_unready]" in done.stderr) == (1, True)
