"""What no schema says: names that meet, times that add up, the restricted profile, and routes and settings that exist."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from server.settings import Settings
from tests.deploy.kubernetes.rendering import Object, one
from tests.deploy.places import DEPLOY, PROMETHEUS
from tests.docs.metrics_page import metrics
from tests.level_model import store_level_model
from tests.server.process import ServerProcess

GIB = 2**30
LABELS = {"app.kubernetes.io/name": "ascend-classify"}


def pod(objects: list[Object]) -> dict[str, Any]:
    found: dict[str, Any] = one(objects, "Deployment")["spec"]["template"]
    return found


def container(objects: list[Object]) -> dict[str, Any]:
    [found] = pod(objects)["spec"]["containers"]
    return dict(found)


def all_containers(objects: list[Object]) -> list[dict[str, Any]]:
    """Those that prepare a pod, too."""
    spec = pod(objects)["spec"]
    return [*spec["containers"], *spec.get("initContainers", ())]


def settings(objects: list[Object]) -> dict[str, str]:
    names = [each["configMapRef"]["name"] for each in container(objects)["envFrom"]]
    [found] = [each["data"] for each in objects if each["kind"] == "ConfigMap" and each["metadata"]["name"] in names]
    return dict(found)


def test_selectors_meet_the_pods(objects: list[Object]) -> None:
    assert pod(objects)["metadata"]["labels"] == LABELS
    assert one(objects, "Deployment")["spec"]["selector"]["matchLabels"] == LABELS
    spread = pod(objects)["spec"]["topologySpreadConstraints"]
    assert [(each["topologyKey"], each["labelSelector"]["matchLabels"]) for each in spread] == [("kubernetes.io/hostname", LABELS)]
    assert one(objects, "Service")["spec"]["selector"] == LABELS
    assert one(objects, "Service")["metadata"]["labels"] == LABELS
    assert one(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == LABELS
    assert one(objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"] == LABELS
    policies = [each["spec"]["podSelector"]["matchLabels"] for each in objects if each["kind"] == "NetworkPolicy"]
    assert policies == [LABELS] * 5
    assert one(objects, "ScaledObject")["spec"]["scaleTargetRef"] == {"name": "classify"}
    [backend] = one(objects, "HTTPRoute")["spec"]["rules"][0]["backendRefs"]
    assert (backend["name"], backend["port"]) == ("classify", one(objects, "Service")["spec"]["ports"][0]["port"])


def test_ports_are_those_of_the_container(objects: list[Object]) -> None:
    ports = {each["name"]: each["containerPort"] for each in container(objects)["ports"]}
    assert ports == {"http": 8000, "grpc": int(settings(objects)["GRPC_PORT"])}
    assert one(objects, "Service")["spec"]["ports"][0]["targetPort"] in ports
    assert one(objects, "ServiceMonitor")["spec"]["endpoints"][0]["port"] == one(objects, "Service")["spec"]["ports"][0]["name"]
    probes = [container(objects)[name]["httpGet"]["port"] for name in ("livenessProbe", "readinessProbe", "startupProbe")]
    assert set(probes) <= set(ports)
    ways_in = [way for each in objects if each["kind"] == "NetworkPolicy" for way in each["spec"].get("ingress", [])]
    assert sorted(way["ports"][0]["port"] for way in ways_in) == ["grpc", "http", "http", "http"]


def test_grpc_has_a_port_where_it_is_wanted(plain: list[Object], objects: list[Object]) -> None:
    assert "GRPC_PORT" not in settings(plain)
    service = one(objects, "Service", "classify-grpc")["spec"]
    assert service["selector"] == LABELS
    assert service["clusterIP"] == "None"  # else all calls of a client's connection meet one pod
    assert service["ports"][0]["targetPort"] in {each["name"] for each in container(objects)["ports"]}


def test_a_pod_has_the_time_to_drain_and_to_start(objects: list[Object]) -> None:
    told = settings(objects)
    drain_s = float(told["DRAIN_DELAY_S"]) + 2 * float(told["DRAIN_S"])
    assert pod(objects)["spec"]["terminationGracePeriodSeconds"] >= drain_s + 10
    ready, started = container(objects)["readinessProbe"], container(objects)["startupProbe"]
    assert ready["periodSeconds"] * ready["failureThreshold"] <= float(told["DRAIN_DELAY_S"])
    assert started["periodSeconds"] * started["failureThreshold"] >= Settings.model_fields["engine_start_s"].default + 30


def test_a_drain_of_nodes_leaves_pods(plain: list[Object]) -> None:
    assert one(plain, "PodDisruptionBudget")["spec"]["maxUnavailable"] < one(plain, "Deployment")["spec"]["replicas"]


def test_settings_exist_and_have_room(objects: list[Object]) -> None:
    told = settings(objects)
    assert {name.lower() for name in told} <= set(Settings.model_fields)
    Settings.model_validate({name.lower(): value for name, value in told.items()})
    mounts = {each["mountPath"]: each["name"] for each in container(objects)["volumeMounts"]}
    volumes = {each["name"]: each for each in pod(objects)["spec"]["volumes"]}
    assert int(told["EVALUATION_DISK_BYTES"]) < int(volumes["state"]["emptyDir"]["sizeLimit"].removesuffix("Gi")) * GIB
    assert str(Path(told["API_KEYS_FILE"]).parent) in mounts
    assert set(mounts.values()) <= set(volumes)
    assert volumes["keys"]["secret"]["secretName"] == "classify-keys"


def test_resources_are_guaranteed(objects: list[Object], overlay: str) -> None:
    """One container whose limits are above its requests takes the class Guaranteed from its pod."""
    assert [each["name"] for each in all_containers(objects)] == ["classify", "models"]
    for each in all_containers(objects):
        assert each["resources"]["requests"] == each["resources"]["limits"]
        assert set(each["resources"]["limits"]) >= {"cpu", "memory"}
    chips = {name: number for name, number in container(objects)["resources"]["limits"].items() if name.startswith("huawei.com/")}
    assert chips == ({} if overlay == "cpu" else {f"huawei.com/{overlay.replace('ascend', 'Ascend').replace('310p', '310P')}": "1"})


def test_where_chips_are_scarce_no_surplus_pod_is_made(plain: list[Object], overlay: str) -> None:
    rolling = one(plain, "Deployment")["spec"]["strategy"]["rollingUpdate"]
    assert rolling == ({"maxSurge": 1, "maxUnavailable": 0} if overlay == "cpu" else {"maxSurge": 0, "maxUnavailable": 1})


def test_the_restricted_profile_admits_the_pod(plain: list[Object], objects: list[Object]) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    spec = pod(plain)["spec"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    allowed = {"configMap", "emptyDir", "persistentVolumeClaim", "secret", "projected", "csi", "downwardAPI", "ephemeral"}
    assert {next(kind for kind in each if kind != "name") for each in spec["volumes"]} <= allowed
    for each in all_containers(objects):
        context = each["securityContext"]
        assert context == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        assert not any("hostPort" in port for port in each.get("ports", []))


def test_the_server_asks_nobody_unless_it_fetches_models(plain: list[Object], objects: list[Object]) -> None:
    assert one(plain, "NetworkPolicy")["spec"]["egress"] == []
    assert set(one(plain, "NetworkPolicy")["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    assert one(objects, "NetworkPolicy", "classify-model-archive")["spec"]["policyTypes"] == ["Egress"]


def test_keda_counts_by_metrics_that_exist(objects: list[Object]) -> None:
    query = one(objects, "ScaledObject")["spec"]["triggers"][0]["metadata"]["query"]
    for metric in ("classify_in_flight", "classify_window_capacity"):
        assert f'{metric}{{job="classify"}}' in query
        assert f"`{metric}`" in metrics()
    assert one(objects, "ServiceMonitor")["spec"]["endpoints"][0]["relabelings"] == [{"targetLabel": "job", "replacement": "classify"}]
    assert "replicas" not in one(objects, "Deployment")["spec"]


def test_the_alerts_are_those_of_compose(objects: list[Object]) -> None:
    from ruamel.yaml import YAML

    assert one(objects, "PrometheusRule")["spec"] == YAML(typ="safe").load((PROMETHEUS / "alerts.yml").read_text("utf-8"))


def test_the_user_is_that_of_the_image(plain: list[Object], overlay: str) -> None:
    user = pod(plain)["spec"]["securityContext"]["runAsUser"]
    compose = (DEPLOY.parent / f"docker-compose{'.cpu' if overlay == 'cpu' else ''}.yml").read_text("utf-8")
    assert f"RUN_UID: ${{RUN_UID:-{user}}}" in compose
    if overlay == "cpu":
        assert f"built cpu cpu --build-arg RUN_UID={user} " in (DEPLOY / "release.sh").read_text("utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("store")
    store_level_model(folder)
    with ServerProcess(model_store=folder, model="level") as server:
        yield server


def test_probes_and_scrapes_ask_for_routes_that_exist(objects: list[Object], server: ServerProcess) -> None:
    paths = [container(objects)[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe", "startupProbe")]
    paths.append(one(objects, "ServiceMonitor")["spec"]["endpoints"][0]["path"])
    assert [server.client.get(path).status_code for path in paths] == [httpx.codes.OK] * 4
