"""The config file of Ray Serve, made from the settings: `ray up` writes it, `serve run` and `serve deploy` take it as it is.

Which settings a replica has, and how many replicas there may be, stands in it; how a deployment is to be run follows from the settings.
"""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from models.store import ModelStore, sha256_of
from server.settings import SettingInvalid, Settings

APPLICATION = "ascend-classify"
DEPLOYMENT = "Classifier"
IMPORT_PATH = "server.ray.application:build"
CHIP = "NPU"
"""Ray's name for an Ascend chip."""
OWN_VISIBILITY = {"RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES": "1"}
"""Ray would hide other chips and number the rest from 0; DEVICES names the chip instead, and both together would name a wrong one."""
HAPROXY = "RAY_SERVE_ENABLE_HA_PROXY"
"""Serve's controller reads it where it starts, and all that it starts inherits it: proxies and replicas."""
HAPROXY_LEAVES_S = 40.0
"""How long a replica behind HAProxy waits before it ends: 30 s until every proxy has left it out, and some to close."""
SERVICER = "server.ray.serve_grpc:add_servicer"
ANSWER_BYTES = 16 * 1024 * 1024
"""Serve has one bound for what a replica takes and sends over gRPC, and answers may be larger than MAX_BODY_BYTES."""
_ENDPOINT = ("host", "port", "grpc_port")
_REFUSED = {
    "tls_cert": "Ray's proxy answers the clients.",
    "tls_key": "Ray's proxy answers the clients.",
}
_SECRETS = {"api_key": "Set API_KEY_FILE, on each node."}
_ON_NODES = "Leave it out here, and set it in the environment in which each node is started."
_NOT_KEPT = ("evaluation_dir", "evaluation_roots")  # no replica evaluates


class ReplicaShare(BaseModel):
    """What a replica takes of its node, and how many replicas there are at least and at most."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chips: Annotated[int, Field(ge=0)] = 0
    cpus: Annotated[float, Field(gt=0)] = 1.0
    least: Annotated[int, Field(ge=1)] = 1
    most: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.most < self.least:
            raise ValueError(f"at most {self.most} replicas are fewer than at least {self.least}")
        return self


class ReplicaArguments(BaseModel):
    """What `args` of the application may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: dict[str, Any] = {}
    share: ReplicaShare = ReplicaShare()


def deployment_options(settings: Settings, share: ReplicaShare) -> dict[str, Any]:
    """How Serve runs the replicas of these settings."""
    in_flight = max(1, settings.window // 2)
    own = OWN_VISIBILITY | (_grpc_environment(settings) if settings.grpc_port else {})
    resources: dict[str, Any] = {"num_cpus": share.cpus, "runtime_env": {"env_vars": own}}
    return {
        "max_ongoing_requests": settings.window,
        "max_queued_requests": settings.window,
        "backpressure_config": {"status_code": 429, "retry_after_s": 1},
        "autoscaling_config": {
            "min_replicas": share.least,
            "initial_replicas": share.least,
            "max_replicas": share.most,
            "target_ongoing_requests": in_flight,
        },
        "graceful_shutdown_timeout_s": settings.drain_s + HAPROXY_LEAVES_S,
        "ray_actor_options": resources | ({"resources": {CHIP: share.chips}} if share.chips else {}),
    }


def _grpc_environment(settings: Settings) -> dict[str, str]:
    """On a thread of its own the application would get a stream's messages by a queue without end."""
    most = max(settings.max_body_bytes, ANSWER_BYTES)
    return {"RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0", "RAY_SERVE_GRPC_MAX_MESSAGE_SIZE": str(most)}


def serve_config(settings: Settings, share: ReplicaShare, *, haproxy: bool = True) -> dict[str, Any]:
    """The file's content; raises SettingInvalid for what a replica cannot have."""
    grpc = {"grpc_options": {"port": settings.grpc_port, "grpc_servicer_functions": [SERVICER]}} if settings.grpc_port else {}
    return {
        "proxy_location": "EveryNode",
        "controller_options": {"runtime_env": {"env_vars": {HAPROXY: str(int(haproxy))}}},
        "http_options": {
            "host": settings.host,
            "port": settings.port,
            "request_timeout_s": settings.timeout_ms / 1000 + 10,
            "keep_alive_timeout_s": round(settings.keep_alive_s),
        },
        **grpc,
        "applications": [
            {
                "name": APPLICATION,
                "route_prefix": "/",
                "import_path": IMPORT_PATH,
                # Without the numbers of replicas: where `args` change, Serve ends all replicas and starts others.
                "args": {"settings": _given(settings, share.chips), "share": share.model_dump(include={"chips", "cpus"})},
                "deployments": [
                    {"name": DEPLOYMENT, **deployment_options(settings, share), "user_config": {"models": _manifests(settings)}}
                ],
            }
        ],
    }


def _given(settings: Settings, chips: int) -> dict[str, Any]:
    """What was set and is for a replica. Its working directory is another, so no path is relative."""
    kept: dict[str, Any] = {}
    if chips and settings.devices != "auto":
        raise SettingInvalid("DEVICES cannot be set for replicas with chips. Ray gives each its own.", "Leave it out.")
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if name not in settings.model_fields_set or name in (*_ENDPOINT, *_NOT_KEPT) or value == Settings.model_fields[name].default:
            continue
        if name in _REFUSED:
            raise SettingInvalid(f"{name.upper()} cannot be set for Ray. {_REFUSED[name]}", "Leave it out.")
        if isinstance(value, SecretStr):
            why = "It would stand in the file, and in Ray's dashboard."
            raise SettingInvalid(f"{name.upper()} cannot be set for Ray. {why}", _SECRETS.get(name, _ON_NODES))
        kept[name] = str(value.expanduser().absolute()) if isinstance(value, Path) else value
    return kept | {"model_store": str(settings.model_store.expanduser().absolute())}


def _manifests(settings: Settings) -> dict[str, str]:
    """The digests of the models' manifests: where one has changed, Serve has the replicas reload that model."""
    store = ModelStore(settings.model_store)
    files = {name: store.folder(name) / "manifest.toml" for name in settings.model_names}
    return {name: sha256_of(file)[:12] for name, file in files.items() if file.is_file()}
