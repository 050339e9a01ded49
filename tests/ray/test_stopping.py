"""The end of Serve, after those without gRPC by its name: a process that was connected to Serve does not find the next one."""

from tests.ray.cluster import TestCluster


def test_the_end_leaves_the_cluster(nodes: TestCluster) -> None:
    assert nodes.command("down").returncode == 0
    assert nodes.command("status").stdout == "NOT_STARTED Nothing is deployed.\n"
