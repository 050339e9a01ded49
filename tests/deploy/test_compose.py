"""The compose files: valid, hardened, and in step with what they start."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server.cli.doctor.compose_override import IN_COMPOSE, compose_override
from server.cli.doctor.devices import SHARED_NODES
from server.cli.doctor.machine import Machine
from server.settings import Settings
from tests.deploy.compose import nodes, rendered
from tests.deploy.places import COMPOSE, DEPLOY, PROMETHEUS, ROOT
from tests.deploy.programs import needs_compose

FILES = [*COMPOSE.values(), DEPLOY / "monitoring.yml"]
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?}")
DOCUMENTED = re.compile(r"^#?([A-Z_]+)=(.*)$", re.MULTILINE)
DEFAULTS = {name: field.default for name, field in Settings.model_fields.items()}
HARDENED = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"], "restart": "unless-stopped"}


@pytest.fixture(scope="module", params=COMPOSE)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def services(kind: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = rendered(kind, tmp_path_factory.mktemp(kind))["services"]
    return found


def seconds(text: str) -> float:
    return sum(float(number) * {"s": 1, "m": 60, "h": 3600}[unit] for number, unit in re.findall(r"([\d.]+)([smh])", text))


def test_they_follow_the_compose_specification() -> None:
    subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", *map(str, FILES)], check=True)


def test_every_variable_is_documented_and_no_other() -> None:
    used = {name for file in FILES for name, _ in VARIABLE.findall(file.read_text("utf-8"))}
    documented = [name for name, _ in DOCUMENTED.findall((ROOT / ".env.example").read_text("utf-8"))]
    assert sorted(documented) == sorted(used)


def test_what_is_documented_as_default_is_one() -> None:
    defaults: dict[str, set[str]] = {}
    for name, default in (pair for file in FILES for pair in VARIABLE.findall(file.read_text("utf-8"))):
        defaults.setdefault(name, set()).add(default)
    documented = dict(DOCUMENTED.findall((ROOT / ".env.example").read_text("utf-8")))
    assert {name: value for name, value in documented.items() if value not in defaults[name]} == {"DATA_DIR": "/srv/imagenet"}


def test_every_image_is_pinned() -> None:
    images = [line for file in FILES for line in file.read_text("utf-8").splitlines() if line.strip().startswith("image:")]
    assert len(images) == 6
    assert [line for line in images if not re.search(r":-[\w./-]+:(ascend|cpu|tools|v?\d+\.\d+\.\d+[\w.-]*)}$", line)] == []


def test_where_the_build_takes_its_defaults_from() -> None:
    said = dict(re.findall(r"^ARG (\w+)=(\S*)$", (ROOT / "Dockerfile.infer").read_text("utf-8"), re.MULTILINE))
    ours = dict(VARIABLE.findall(COMPOSE["ascend"].read_text("utf-8")))
    names = ("BASE_IMAGE", "TOOLS_BASE", "RUN_UID")
    assert {name: ours[name] for name in names} == {name: said[name] for name in names}


@needs_compose
def test_nothing_that_serves_or_watches_is_privileged(services: dict[str, Any], kind: str) -> None:
    assert set(services) == {"classify", "prometheus", "grafana"} | ({"npu-exporter", "tools"} if kind == "ascend" else set())
    for name in ("classify", "prometheus", "grafana"):
        assert {key: services[name].get(key) for key in HARDENED} == HARDENED, name
        assert "privileged" not in services[name]
        assert services[name]["logging"]["options"]["max-size"]


@needs_compose
def test_every_service_has_limits(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert int(service["mem_limit"]) > 0, name
        assert 0 < service["pids_limit"] <= 4096, name
        assert service.get("cpus", 0) == (0 if name in ("classify", "tools") else 1), name  # Docker refuses more than there are
    assert services["classify"]["cpu_shares"] < 1024  # which the others have


@needs_compose
def test_limits_can_be_set(kind: str, tmp_path: Path) -> None:
    service = rendered(kind, tmp_path, MEMORY="3g", CPUS="1.5")["services"]["classify"]
    assert (int(service["mem_limit"]), service["cpus"]) == (3 << 30, 1.5)


@needs_compose
def test_the_service_reaches_prometheus_only(services: dict[str, Any]) -> None:
    networks = {name: set(service["networks"]) for name, service in services.items()}
    assert {name for name, joined in networks.items() if joined & networks["classify"]} - {"tools"} == {"classify", "prometheus"}
    assert all(networks["prometheus"] & joined for joined in networks.values())


@needs_compose
def test_without_a_profile_nothing_is_privileged(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if service.get("privileged")} <= {"npu-exporter"}
    assert {name: service["profiles"] for name, service in services.items() if "profiles" in service} in (
        {},
        {"npu-exporter": ["npu-metrics"], "tools": ["tools"]},
    )
    assert not any("depends_on" in service for service in services.values())  # which would start it after all


@needs_compose
def test_the_exporter_is_reached_from_inside_only(tmp_path: Path) -> None:
    exporter = rendered("ascend", tmp_path)["services"]["npu-exporter"]
    assert exporter["profiles"] == ["npu-metrics"]
    assert exporter["read_only"]
    assert "ports" not in exporter
    assert all(mount["read_only"] for mount in exporter["volumes"])


@needs_compose
def test_the_tools_write_models_and_open_no_device(tmp_path: Path) -> None:
    tools = rendered("ascend", tmp_path)["services"]["tools"]
    assert {key: tools.get(key) for key in HARDENED if key != "restart"} == {key: HARDENED[key] for key in HARDENED if key != "restart"}
    assert not {"devices", "group_add", "ports", "restart", "secrets"} & set(tools)
    assert tools["build"]["target"] == "tools"
    places = {mount["target"]: (mount["source"], mount.get("read_only", False)) for mount in tools["volumes"]}
    assert places == {
        "/var/lib/ascend-classify": ("tools", False),
        "/models": (str(tmp_path / "model_store"), False),
        "/host/here": (str(tmp_path), True),
        "/host/dev": ("/dev", True),
    }
    assert tools["working_dir"] == "/host/here"


@needs_compose
def test_up_starts_neither_tools_nor_exporter(tmp_path: Path) -> None:
    assert set(rendered("ascend", tmp_path, "-f", COMPOSE["ascend"].name)["services"]) == {"classify", "prometheus", "grafana"}


@needs_compose
def test_an_atlas_300_gives_its_four_chips(tmp_path: Path) -> None:
    service = rendered("ascend", tmp_path, ASCEND_GID="1001")["services"]["classify"]
    assert nodes(service) == [*(f"/dev/davinci{chip}" for chip in IN_COMPOSE), *SHARED_NODES]
    assert service["group_add"] == ["1001"]
    driver = {mount["source"]: mount["read_only"] for mount in service["volumes"] if "/usr/" in mount["source"]}
    assert driver == dict.fromkeys(("/usr/local/Ascend/driver", "/usr/local/dcmi", "/usr/local/bin/npu-smi"), True)


@needs_compose
@pytest.mark.parametrize("chips", [(0,), (0, 1), (0, 1, 2, 3), (4, 5, 6, 7), tuple(range(8))])
def test_the_override_of_doctor_gives_the_chips_of_the_host(chips: tuple[int, ...], tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    for node in (*(f"davinci{chip}" for chip in chips), *(Path(node).name for node in SHARED_NODES)):
        (tmp_path / "dev" / node).touch()
    (tmp_path / "docker-compose.override.yml").write_text(compose_override(Machine({}, tmp_path)))
    service = rendered("ascend", tmp_path, "--project-directory", ".")["services"]["classify"]
    assert sorted(nodes(service)) == sorted([*(f"/dev/davinci{chip}" for chip in chips), *SHARED_NODES])
    assert str(tmp_path.stat().st_gid) in service["group_add"]


@needs_compose
def test_a_laptop_gives_no_device(tmp_path: Path) -> None:
    service = rendered("cpu", tmp_path)["services"]["classify"]
    assert not {"devices", "group_add", "privileged"} & set(service)


@needs_compose
def test_docker_waits_for_the_drain(services: dict[str, Any]) -> None:
    settings = Settings.model_fields
    drain_s = settings["drain_delay_s"].default + 2 * settings["drain_s"].default  # the requests', then the engines'
    assert seconds(services["classify"]["stop_grace_period"]) > drain_s


@needs_compose
def test_the_service_gets_only_settings_that_there_are(services: dict[str, Any]) -> None:
    environment = services["classify"]["environment"]
    assert set(environment) <= {name.upper() for name in Settings.model_fields}
    assert {"PRECISION", "DECODE", "LATENCY_MODE"} < set(environment)
    assert all(
        str(environment[name]) == str(DEFAULTS[name.lower()]) for name in ("PRECISION", "DECODE", "LATENCY_MODE", "DEVICES", "ENGINES")
    )
    assert environment["HOST"] == "0.0.0.0"
    assert "healthcheck" not in services["classify"]  # the image's


@needs_compose
def test_grpc_is_off_until_it_is_asked_for(kind: str, tmp_path: Path) -> None:
    service = rendered(kind, tmp_path)["services"]["classify"]
    assert (service["environment"]["GRPC_PORT"], service["build"]["args"]["WITH_GRPC"]) == ("0", "0")
    assert [(port["target"], port.get("host_ip"), port.get("published")) for port in service["ports"]] == [
        (8000, "0.0.0.0", "8000"),
        (8001, "127.0.0.1", None),
    ]
    service = rendered(kind, tmp_path, GRPC_PORT="9001", GRPC_LISTEN="0.0.0.0:8001", WITH_GRPC="1")["services"]["classify"]
    assert (service["environment"]["GRPC_PORT"], service["build"]["args"]["WITH_GRPC"]) == ("9001", "1")
    assert [(port["target"], port["host_ip"], port["published"]) for port in service["ports"]][1] == (9001, "0.0.0.0", "8001")


@needs_compose
def test_files_that_settings_name_lie_in_the_working_folder(kind: str, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    given = {"MODELS": "mine,other", "MODELS_FILE": "models.toml", "TLS_CERT": "cert.pem", "TLS_KEY": "key.pem"}
    service = rendered(kind, tmp_path, CONFIG_DIR="./config", **given)["services"]["classify"]
    assert given.items() <= service["environment"].items()
    [mount] = [mount for mount in service["volumes"] if mount["target"] == "/etc/ascend-classify"]
    assert (mount["source"], mount["read_only"]) == (str(tmp_path / "config"), True)
    dockerfile = (ROOT / "Dockerfile.infer").read_text("utf-8")
    assert re.findall(r"^WORKDIR (/etc\S+)$", dockerfile, re.MULTILINE) == [mount["target"]] * 2  # cpu and ascend


@needs_compose
def test_the_key_reaches_the_server_and_prometheus(kind: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    config = rendered(kind, tmp_path, API_KEY_FILE="./key")
    assert config["secrets"]["api_key"]["file"] == str(tmp_path / "key")
    assert [name for name, service in config["services"].items() if service.get("secrets")] == ["classify", "prometheus"]
    path = config["services"]["classify"]["environment"]["API_KEY_FILE"]
    assert path == "/run/secrets/api_key"
    assert f"credentials_file: {path} " in (PROMETHEUS / "prometheus.yml").read_text("utf-8")


@needs_compose
def test_without_a_key_a_file_says_so(kind: str, tmp_path: Path) -> None:
    file = Path(rendered(kind, tmp_path)["secrets"]["api_key"]["file"])
    assert Settings(api_key_file=file).read_api_key() is None


@needs_compose
def test_the_targets_are_the_services(services: dict[str, Any], kind: str) -> None:
    mounted = next(mount for mount in services["prometheus"]["volumes"] if mount["target"] == "/targets")
    assert mounted["source"].endswith(f"/prometheus/targets/{kind}")
    targets = "\n".join(file.read_text("utf-8") for file in (PROMETHEUS / "targets" / kind).glob("*.yml"))
    hosts = set(re.findall(r"^ +- ([\w-]+):\d+$", targets, re.MULTILINE))
    assert hosts == {"classify"} | ({"npu-exporter"} if kind == "ascend" else set())
    assert hosts <= set(services)


@needs_compose
def test_monitoring_listens_on_this_machine_only(services: dict[str, Any]) -> None:
    for name in ("prometheus", "grafana"):
        assert all(port["host_ip"] == "127.0.0.1" for port in services[name]["ports"])
