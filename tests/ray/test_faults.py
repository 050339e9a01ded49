"""32 clients while a replica is killed, then a node. Serve promises that a request is tried elsewhere if its replica was not reached.

What a replica had begun is lost with it: the connection ends without an answer, or HAProxy answers 500. So is what only met the dead, until
HAProxy has left it out. All of it is counted; no answer is wrong, and when the dead are left out nothing more is lost.
"""

import logging
import os
import signal

from server.ray.ray_cluster import RayCluster
from tests.ray.cluster import ADDRESS, TestCluster, eventually
from tests.server.crowd import CLIENTS, Crowd

logger = logging.getLogger(__name__)


def answered(crowd: Crowd, more: int = 10 * CLIENTS) -> None:
    """Until so many more requests have been answered."""
    before = sum(crowd.answers.values())
    crowd.wait_for(lambda: sum(crowd.answers.values()) >= before + more, "answers")


def check_losses(crowd: Crowd, replicas: int) -> None:
    logger.info("%d requests, %d answered, lost: %s", crowd.sent, sum(crowd.answers.values()), crowd.faults)
    assert sum(crowd.answers.values()) + len(crowd.faults) == crowd.sent
    assert len(crowd.faults) <= replicas * CLIENTS
    assert [fault for fault in crowd.faults if not (" s: 500 " in fault or " s: lost: " in fault)] == []


def test_a_killed_replica_is_replaced(four: RayCluster) -> None:
    victim = four.replicas()[0]
    with Crowd(ADDRESS) as crowd:
        answered(crowd)
        os.kill(victim["process"], signal.SIGKILL)
        answered(crowd)
        now = eventually(four.replicas, lambda told: len(told) == 4 and victim["replica"] not in {each["replica"] for each in told}, 120)
        lost = len(crowd.faults)
        answered(crowd)
        assert len(crowd.faults) == lost
    check_losses(crowd, 1)
    assert sorted(each["models"]["level"]["engines"] for each in now) == [["stream:0"], ["stream:0"], ["stream:1"], ["stream:1"]]


def test_a_lost_node_and_a_new_one(four: RayCluster, nodes: TestCluster) -> None:
    before = {each["replica"] for each in four.replicas()}
    with Crowd(ADDRESS) as crowd:
        answered(crowd)
        nodes.remove_node(nodes.workers.pop())
        answered(crowd)
        assert len({each["node"] for each in eventually(four.replicas, lambda told: len(told) == 2)}) == 1
        nodes.workers.append(nodes.add_node())
        now = eventually(four.replicas, lambda told: len(told) == 4, 120)
        lost = len(crowd.faults)
        answered(crowd)
        assert len(crowd.faults) == lost
    check_losses(crowd, 2)
    assert len({each["node"] for each in now}) == 2
    assert len({each["replica"] for each in now} & before) == 2
