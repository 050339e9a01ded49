"""The runtimes and services for KServe: valid under its schemas, in step with each other, and what a server does that is started so."""

import copy
import re
from pathlib import Path
from typing import Any

import grpc
import jsonschema
import numpy as np
import pytest
from ruamel.yaml import YAML

from server.grpc import open_inference_pb2 as messages
from server.grpc.inference_service import SERVICE
from server.settings import Settings
from tests.deploy.kubernetes.rendering import KUBERNETES, SCHEMAS, Object
from tests.deploy.places import ROOT
from tests.deploy.watching import free_address
from tests.level_model import level_png, store_level_model
from tests.server.grpc.served_grpc import infer_message
from tests.server.process import ServerProcess

OBJECTS = [dict(each) for path in sorted((KUBERNETES / "kserve").glob("*.yaml")) for each in YAML(typ="safe").load_all(path)]
RUNTIMES = {each["metadata"]["name"]: each["spec"] for each in OBJECTS if each["kind"] == "ServingRuntime"}
SERVICES = {each["metadata"]["name"]: each["spec"]["predictor"] for each in OBJECTS if each["kind"] == "InferenceService"}
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
GIB = 2**30


def container(name: str) -> dict[str, Any]:
    [found] = RUNTIMES[name]["containers"]
    return dict(found)


def told(made: dict[str, Any]) -> dict[str, str]:
    """The environment of a runtime's container or of a service's model."""
    return {each["name"]: each["value"] for each in made.get("env", ())}


def started(service: str, place: Path, **changes: Any) -> ServerProcess:
    """A server as KServe starts it for a service: the runtime's environment, and over it that of the service; the model at a place."""
    model = SERVICES[service]["model"]
    environment = told(container(model["runtime"])) | told(model)
    own: dict[str, Any] = {name.lower(): value for name, value in environment.items() if name != "PORT"}
    return ServerProcess(**own | {"model_store": place, "drain_delay_s": 0} | changes)


def faults(made: Object) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMAS[made["kind"]]).iter_errors(made)]


@pytest.mark.parametrize("made", OBJECTS, ids=lambda made: made["metadata"]["name"])
def test_each_is_valid_and_a_wrong_name_is_found(made: Object) -> None:
    assert faults(made) == []
    wrong, name = copy.deepcopy(made), {"InferenceService": "predictr", "ServingRuntime": "protocolVersion"}[made["kind"]]
    wrong["spec"][name] = "v2"
    assert name in faults(wrong)[0]


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_runtime_serves_where_kserve_looks(name: str) -> None:
    made, env = container(name), told(container(name))
    assert made["name"] == "kserve-container"
    assert "ports" not in made  # so that KServe routes 8080, or the one port that a service names
    assert {made[probe]["httpGet"]["port"] for probe in PROBES} == {8080}
    assert RUNTIMES[name]["annotations"]["prometheus.kserve.io/port"] == env["PORT"] == "8080"
    assert env["MODEL_STORE"] == "/mnt/models"
    assert {key.lower() for key in env} <= set(Settings.model_fields)
    assert made["readinessProbe"]["periodSeconds"] * made["readinessProbe"]["failureThreshold"] <= float(env["DRAIN_DELAY_S"])
    assert made["resources"]["requests"] == made["resources"]["limits"]


@pytest.mark.parametrize("name", RUNTIMES)
def test_the_restricted_profile_admits_a_runtime_which_writes_where_the_image_does(name: str) -> None:
    made = container(name)
    user = made["securityContext"]["runAsUser"]
    assert made["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": user,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    compose = (ROOT / f"docker-compose{'.cpu' if name.endswith('cpu') else ''}.yml").read_text("utf-8")
    assert f"RUN_UID: ${{RUN_UID:-{user}}}" in compose
    mounts = {each["mountPath"]: each["name"] for each in made["volumeMounts"]}
    written = set(re.findall(r"^VOLUME (\[.*\])$", (ROOT / "Dockerfile.infer").read_text("utf-8"), re.MULTILINE))
    assert written == {str(sorted(mounts)).replace("'", '"')}
    volumes = {each["name"]: each["emptyDir"] for each in RUNTIMES[name]["volumes"]}
    assert set(mounts.values()) == set(volumes)
    kept_gib = int(volumes[mounts["/var/lib/ascend-classify"]]["sizeLimit"].removesuffix("Gi"))
    assert int(told(made)["EVALUATION_DISK_BYTES"]) < kept_gib * GIB


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_fits_its_runtime(name: str) -> None:
    service, model = SERVICES[name], SERVICES[name]["model"]
    runtime = RUNTIMES[model["runtime"]]
    assert model["protocolVersion"] in runtime["protocolVersions"]
    assert model["modelFormat"]["name"] in {each["name"] for each in runtime["supportedModelFormats"]}
    assert service["securityContext"]["runAsUser"] == container(model["runtime"])["securityContext"]["runAsUser"]
    drain_s = float(told(container(model["runtime"]))["DRAIN_DELAY_S"]) + 2 * Settings.model_fields["drain_s"].default
    assert service["terminationGracePeriodSeconds"] >= drain_s + 10
    [made] = [each for each in OBJECTS if each["metadata"]["name"] == name]
    assert made["metadata"]["annotations"] == {"serving.kserve.io/deploymentMode": "RawDeployment"}  # Knative refuses that period
    assert {key.lower() for key in told(model)} <= set(Settings.model_fields)


def test_only_the_service_for_grpc_names_a_port() -> None:
    [(name, model)] = [(name, service["model"]) for name, service in SERVICES.items() if "ports" in service["model"]]
    assert (name, model["protocolVersion"]) == ("classify-grpc", "grpc-v2")
    assert model["ports"] == [{"name": "h2c", "containerPort": int(told(model)["GRPC_PORT"]), "protocol": "TCP"}]
    assert {service["model"]["protocolVersion"] for key, service in SERVICES.items() if key != name} == {"v2"}


def test_the_folder_of_one_model_is_served_and_probes_and_scrapes_find_their_routes(tmp_path: Path) -> None:
    place = store_level_model(tmp_path).folder.rename(tmp_path / "models")
    with started("classify", place) as server:
        assert server.client.get("/v2/models/level/ready").status_code == 200
        for name in RUNTIMES:
            paths = [container(name)[probe]["httpGet"]["path"] for probe in PROBES]
            paths.append(RUNTIMES[name]["annotations"]["prometheus.kserve.io/path"])
            assert [server.client.get(path).status_code for path in paths] == [200] * 4


def test_a_service_for_grpc_answers_there(tmp_path: Path) -> None:
    address = free_address()
    place = store_level_model(tmp_path).folder.rename(tmp_path / "models")
    with started("classify-grpc", place, grpc_port=address.rpartition(":")[2]), grpc.insecure_channel(address) as channel:
        question = infer_message(messages.ModelInferRequest, [level_png(8)], outputs=("classes",))
        reply = messages.ModelInferResponse.FromString(channel.unary_unary(f"/{SERVICE}/ModelInfer")(question.SerializeToString()))
    assert np.frombuffer(reply.raw_output_contents[0], np.int64)[0] == 2


def test_of_a_store_the_models_are_served_that_the_service_names(tmp_path: Path) -> None:
    first, second = told(SERVICES["classify-store"]["model"])["MODELS"].split(",")
    for name in (first, second, "another"):
        store_level_model(tmp_path, name)
    with started("classify-store", tmp_path) as server:
        assert server.client.get("/v2/models").json() == {"models": [first, second]}
        assert server.client.post("/classify", content=level_png(8)).json()["model"] == first
    with started("classify", tmp_path, model="another") as server:
        assert server.client.get("/v2/models").json() == {"models": ["another"]}
