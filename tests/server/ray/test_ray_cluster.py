"""What is said where there is no cluster; with one, tests/ray has the rest."""

import pytest

from server.ray import ray_cluster
from server.ray.ray_cluster import ClusterUnready, RayCluster


def test_without_the_extra_its_install_is_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda _name: None)
    with pytest.raises(ClusterUnready, match=r"pip install 'ascend-classify\[ray\]'"):
        RayCluster("auto")


@pytest.mark.smoke
def test_without_a_cluster_its_start_is_the_remedy() -> None:
    pytest.importorskip("ray", reason="Ray has an environment of its own: make test-ray")
    with pytest.raises(ClusterUnready, match="ray start --head"):
        RayCluster("auto")
