from pathlib import Path
from typing import get_args

import pytest
from pydantic import SecretStr, ValidationError

from models.store import sha256_of
from server.cli.flags import load_settings
from server.ray.serve_config import HAPROXY, ReplicaArguments, ReplicaShare, deployment_options, serve_config
from server.settings import SettingInvalid, Settings
from tests.level_model import store_level_model

ATLAS = ReplicaShare(chips=1, cpus=4, least=2, most=4)
SECRETS = [name for name, field in Settings.model_fields.items() if SecretStr in (field.annotation, *get_args(field.annotation))]


def test_a_file_has_what_was_set_and_no_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_level_model(tmp_path / "store")
    monkeypatch.chdir(tmp_path)
    made = serve_config(load_settings(model="level", model_store=Path("store"), window=16, port=9000, evaluation_dir=tmp_path), ATLAS)
    [application] = made["applications"]
    [deployment] = application["deployments"]
    given = {"model": "level", "model_store": str(tmp_path / "store"), "window": 16}
    assert application["args"]["settings"] == given | {"compile_cache": "/dev/null"}  # of the environment, as `serve` reads it
    assert made["http_options"] == {"host": "127.0.0.1", "port": 9000, "request_timeout_s": 40.0, "keep_alive_timeout_s": 75}
    assert deployment["user_config"] == {"models": {"level": sha256_of(tmp_path / "store/level/manifest.toml")[:12]}}
    assert ReplicaArguments.model_validate(application["args"]).share == ReplicaShare(chips=1, cpus=4)


def test_how_serve_runs_a_replica_follows_from_the_settings() -> None:
    found = deployment_options(load_settings(window=16, drain_s=5), ATLAS)
    assert (found["max_ongoing_requests"], found["max_queued_requests"], found["graceful_shutdown_timeout_s"]) == (16, 16, 45.0)
    assert found["autoscaling_config"] == {"min_replicas": 2, "initial_replicas": 2, "max_replicas": 4, "target_ongoing_requests": 8}
    assert (found["ray_actor_options"]["num_cpus"], found["ray_actor_options"]["resources"]) == (4, {"NPU": 1})
    assert "resources" not in deployment_options(load_settings(), ReplicaShare())["ray_actor_options"]


def test_what_a_replica_cannot_have() -> None:
    for setting, value in (("tls_cert", "cert"), ("tls_key", "key")):
        with pytest.raises(SettingInvalid, match=f"{setting.upper()} cannot be set for Ray"):
            serve_config(load_settings(**{setting: value}), ReplicaShare())
    with pytest.raises(SettingInvalid, match="DEVICES"):
        serve_config(load_settings(devices="0,1"), ATLAS)


def test_a_secret_is_neither_written_nor_left_out_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"api_key", "otel_exporter_otlp_headers"} <= set(SECRETS)
    for name in SECRETS:
        with monkeypatch.context() as environment:
            environment.setenv(name.upper(), "x=s3cret")
            settings = load_settings()
        with pytest.raises(SettingInvalid, match=f"{name.upper()} cannot be set for Ray") as refused:
            serve_config(settings, ReplicaShare())
        assert "s3cret" not in f"{refused.value}{refused.value.remedy}"
        assert refused.value.remedy == (
            "Set API_KEY_FILE, on each node."
            if name == "api_key"
            else "Leave it out here, and set it in the environment in which each node is started."
        )


def test_haproxy_stands_in_the_file() -> None:
    told = [serve_config(load_settings(), ATLAS, **words)["controller_options"] for words in ({}, {"haproxy": False})]
    assert told == [{"runtime_env": {"env_vars": {HAPROXY: value}}} for value in ("1", "0")]


def test_a_port_for_grpc() -> None:
    made = serve_config(load_settings(grpc_port=8001), ATLAS)
    assert made["grpc_options"] == {"port": 8001, "grpc_servicer_functions": ["server.ray.serve_grpc:add_servicer"]}
    assert "grpc_port" not in made["applications"][0]["args"]["settings"]
    own = made["applications"][0]["deployments"][0]["ray_actor_options"]["runtime_env"]["env_vars"]
    assert (own["RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD"], own["RAY_SERVE_GRPC_MAX_MESSAGE_SIZE"]) == ("0", str(20 * 1024 * 1024))
    assert "grpc_options" not in serve_config(load_settings(), ATLAS)


def test_at_most_is_not_below_at_least() -> None:
    with pytest.raises(ValidationError, match="at most 1 replicas are fewer than at least 2"):
        ReplicaShare(least=2, most=1)
