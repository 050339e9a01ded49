"""The runtimes and services for KServe: valid under its schemas, in step with each other and with a running server."""

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from server.settings import Settings
from tests.deploy.kubernetes.rendering import KUBERNETES, SCHEMAS, Object
from tests.deploy.places import ROOT
from tests.level_model import store_level_model
from tests.server.process import ServerProcess

OBJECTS = [dict(each) for path in sorted((KUBERNETES / "kserve").glob("*.yaml")) for each in YAML(typ="safe").load_all(path)]
RUNTIMES = {each["metadata"]["name"]: each["spec"] for each in OBJECTS if each["kind"] == "ServingRuntime"}
SERVICES = [each["spec"]["predictor"] for each in OBJECTS if each["kind"] == "InferenceService"]
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def container(name: str) -> dict[str, Any]:
    [found] = RUNTIMES[name]["containers"]
    return dict(found)


def told(name: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(name)["env"]}


def faults(made: Object) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMAS[made["kind"]]).iter_errors(made)]


def test_all_are_valid_and_a_wrong_name_is_found() -> None:
    assert [faults(each) for each in OBJECTS] == [[]] * 4
    for each, name in zip(OBJECTS, ("predictr", "predictr", "protocolVersion", "protocolVersion"), strict=True):
        wrong = copy.deepcopy(each)
        wrong["spec"][name] = "v2"
        assert name in faults(wrong)[0]


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_runtime_serves_where_kserve_looks(name: str) -> None:
    made, env = container(name), told(name)
    assert made["name"] == "kserve-container"
    assert [port["containerPort"] for port in made["ports"]] == [8080]
    assert {made[probe]["httpGet"]["port"] for probe in PROBES} == {8080}
    assert RUNTIMES[name]["annotations"]["prometheus.kserve.io/port"] == env["PORT"] == "8080"
    assert env["MODEL_STORE"] == "/mnt/models"
    assert {key.lower() for key in env} <= set(Settings.model_fields)
    assert made["readinessProbe"]["periodSeconds"] * made["readinessProbe"]["failureThreshold"] <= float(env["DRAIN_DELAY_S"])
    assert made["resources"]["requests"] == made["resources"]["limits"]


def test_a_service_fits_its_runtime() -> None:
    assert [service["model"]["runtime"] for service in SERVICES] == ["ascend-classify-ascend310p", "ascend-classify-cpu"]
    for service in SERVICES:
        model = service["model"]
        runtime = RUNTIMES[model["runtime"]]
        assert model["protocolVersion"] in runtime["protocolVersions"]
        assert model["modelFormat"]["name"] in {each["name"] for each in runtime["supportedModelFormats"]}
        user = container(model["runtime"])["securityContext"]["runAsUser"]
        assert service["securityContext"]["runAsUser"] == user
        compose = (ROOT / f"docker-compose{'.cpu' if model['runtime'].endswith('cpu') else ''}.yml").read_text("utf-8")
        assert f"RUN_UID: ${{RUN_UID:-{user}}}" in compose
        drain_s = float(told(model["runtime"])["DRAIN_DELAY_S"]) + 2 * Settings.model_fields["drain_s"].default
        assert service["terminationGracePeriodSeconds"] >= drain_s + 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """With the settings of a runtime, on the folder of one model."""
    folder = store_level_model(tmp_path_factory.mktemp("store")).folder
    place = folder.rename(folder.parent / "models")
    own: dict[str, Any] = {key.lower(): value for key, value in told("ascend-classify-cpu").items() if key != "PORT"}
    with ServerProcess(**own | {"model_store": place, "drain_delay_s": 0}) as server:
        yield server


@pytest.mark.parametrize("name", RUNTIMES)
def test_probes_and_scrapes_ask_for_routes_that_exist(name: str, server: ServerProcess) -> None:
    paths = [container(name)[probe]["httpGet"]["path"] for probe in PROBES]
    paths.append(RUNTIMES[name]["annotations"]["prometheus.kserve.io/path"])
    assert [server.client.get(path).status_code for path in paths] == [200] * 4


def test_the_model_of_the_folder_is_served(server: ServerProcess) -> None:
    assert server.client.get("/v2/models/level/ready").status_code == 200
