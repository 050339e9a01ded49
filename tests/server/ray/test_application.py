"""The application's options; what it does on a cluster is in tests/ray."""

import pytest

pytest.importorskip("ray", reason="Ray has an environment of its own: make test-ray")
from server.ray.application import build
from server.ray.serve_config import ReplicaArguments, ReplicaShare

pytestmark = pytest.mark.smoke


def test_options_follow_from_the_settings_without_a_deployments_section() -> None:
    made = build(ReplicaArguments(settings={"window": 16, "engines": "fake"}, share=ReplicaShare(chips=1, cpus=2, most=4)))
    deployment = made._bound_deployment
    assert (deployment.name, deployment.max_ongoing_requests, deployment.max_queued_requests) == ("Classifier", 16, 16)
    assert deployment.ray_actor_options["resources"] == {"NPU": 1}
    assert deployment._deployment_config.autoscaling_config.max_replicas == 4
