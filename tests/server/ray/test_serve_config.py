from pathlib import Path

import pytest
from pydantic import ValidationError

from models.store import sha256_of
from server.cli.flags import load_settings
from server.ray.serve_config import ReplicaArguments, ReplicaShare, deployment_options, serve_config
from server.settings import SettingInvalid
from tests.level_model import store_level_model

ATLAS = ReplicaShare(chips=1, cpus=4, least=2, most=4)


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


@pytest.mark.parametrize(("setting", "value"), [("tls_cert", Path("cert")), ("api_key", "s3cret")])
def test_what_a_replica_cannot_have(setting: str, value: object) -> None:
    with pytest.raises(SettingInvalid, match=setting.upper()) as refused:
        serve_config(load_settings(**{setting: value}), ReplicaShare())
    with pytest.raises(SettingInvalid, match="DEVICES"):
        serve_config(load_settings(devices="0,1"), ATLAS)
    assert "s3cret" not in str(refused.value)


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
