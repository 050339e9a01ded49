"""What is said where there is no cluster; with one, tests/ray has the rest."""

import socket
from pathlib import Path

import pytest

from server.ray import ray_cluster
from server.ray.ray_cluster import ClusterUnready, RayCluster, check_address
from tests.server.cli.command import run_process


def test_without_the_extra_its_install_is_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda _name: None)
    with pytest.raises(ClusterUnready, match=r"pip install 'ascend-classify\[ray\]'"):
        RayCluster("auto")


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9", "[::1]:9", "127.0.0.1:99999"])
def test_an_address_that_nobody_answers_is_told_at_once(address: str) -> None:
    with pytest.raises(ClusterUnready, match=r"There is no Ray cluster at .*9: "):
        check_address(address)


def test_rays_own_words_and_an_address_that_answers_pass() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for address in ("auto", "local", f"127.0.0.1:{listener.getsockname()[1]}"):
            check_address(address)


@pytest.mark.smoke
def test_without_a_cluster_its_start_is_the_remedy(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray has an environment of its own: make test-ray")
    done = run_process("ray", "status", RAY_TMPDIR=str(tmp_path))  # a process of its own: this one may be connected
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: There is no Ray cluster at auto")
    assert "Start one: ray start --head [cluster_unready]" in done.stderr
