"""The RayService: valid under KubeRay's schema, in step with what `ray up` writes, with chips for its replicas."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from server.cli.flags import load_settings
from server.ray.serve_config import ReplicaArguments, serve_config
from tests.deploy.kubernetes.rendering import SCHEMAS, Object
from tests.deploy.places import DEPLOY, ROOT

MADE: Object = YAML(typ="safe").load(DEPLOY / "ray/rayservice-ascend310p.yaml")
SERVE: dict[str, Any] = YAML(typ="safe").load(MADE["spec"]["serveConfigV2"])
CLUSTER = MADE["spec"]["rayClusterConfig"]
[GROUP] = CLUSTER["workerGroupSpecs"]
POD = GROUP["template"]["spec"]
HEAD = CLUSTER["headGroupSpec"]["template"]["spec"]
CHIP = "huawei.com/Ascend310P"


def faults(made: Object) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMAS["RayService"]).iter_errors(made)]


def test_it_is_valid_and_a_wrong_name_is_found() -> None:
    assert faults(MADE) == []
    wrong = copy.deepcopy(MADE)
    wrong["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["rayStartParms"] = {}
    assert "rayStartParms" in faults(wrong)[0]


def test_its_serve_config_is_what_ray_up_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPILE_CACHE")
    [application] = SERVE["applications"]
    arguments = ReplicaArguments.model_validate(application["args"])
    settings = {name: Path(value) if value.startswith("/") else value for name, value in arguments.settings.items()}
    share = arguments.share.model_copy(update={"least": 2, "most": 4})
    written = serve_config(load_settings(**settings, host="0.0.0.0"), share)
    [deployment] = written["applications"][0]["deployments"]
    deployment["user_config"]["models"] = {"resnext101_32x4d": "first"}  # the store is not here
    assert written == SERVE


def test_there_are_chips_and_cores_for_the_replicas() -> None:
    share = ReplicaArguments.model_validate(SERVE["applications"][0]["args"]).share
    [container] = POD["containers"]
    limits = container["resources"]["limits"]
    assert container["resources"]["requests"] == limits
    assert json.loads(json.loads(GROUP["rayStartParams"]["resources"])) == {"NPU": int(limits[CHIP])} == {"NPU": share.chips}
    assert int(limits["cpu"]) >= share.cpus
    scaling = SERVE["applications"][0]["deployments"][0]["autoscaling_config"]
    assert (GROUP["minReplicas"], GROUP["maxReplicas"]) == (scaling["min_replicas"], scaling["max_replicas"])


def test_names_meet_and_times_add_up() -> None:
    [deployment] = SERVE["applications"][0]["deployments"]
    assert POD["terminationGracePeriodSeconds"] >= deployment["graceful_shutdown_timeout_s"] + 10
    assert f"\nray=={CLUSTER['rayVersion']} " in (ROOT / "requirements-ray.lock").read_text()
    settings = SERVE["applications"][0]["args"]["settings"]
    for pod in (POD, HEAD):
        [container] = pod["containers"]
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}
        assert settings["api_keys_file"].startswith(mounts["keys"])
        assert any(port["containerPort"] == SERVE["http_options"]["port"] for port in container["ports"])


@pytest.mark.parametrize("pod", [HEAD, POD], ids=["head", "worker"])
def test_the_restricted_profile_admits_its_pods(pod: dict[str, Any]) -> None:
    """Also the containers that KubeRay adds: the autoscaler by its options, and a worker's first one, which has the worker's context."""
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    context = pod["securityContext"]
    assert (context["runAsNonRoot"], context["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    assert context["runAsUser"] == context["fsGroup"] == 9000  # who reads the keys
    assert {next(kind for kind in each if kind != "name") for each in pod["volumes"]} <= {"persistentVolumeClaim", "secret"}
    for each in (*pod["containers"], CLUSTER["autoscalerOptions"]):
        assert each["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        assert not any("hostPort" in port for port in each.get("ports", []))
