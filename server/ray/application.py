"""The application that Ray Serve imports: `server.ray.application:build`. Of the service only it and the command line import Ray."""

from typing import Any

import ray
from ray import serve
from ray.serve._private.constants import RAY_SERVE_ENABLE_DIRECT_INGRESS
from starlette.types import ASGIApp

from server.cli.flags import load_settings
from server.ray.replica import Replica, replica_settings
from server.ray.serve_config import CHIP, DEPLOYMENT, ReplicaArguments, deployment_options
from server.ray.serve_grpc import GrpcMethods


@serve.deployment(name=DEPLOYMENT)
@serve.ingress()
class Classifier(GrpcMethods):
    """A replica in an actor of Ray. It counts as started when its engines are warm."""

    def __init__(self, settings: dict[str, Any], cpus: float) -> None:
        """On the chips that Ray gave to this actor; raises ClassifyError."""
        chips = tuple(ray.get_runtime_context().get_accelerator_ids().get(CHIP, ()))
        self._replica = Replica(replica_settings(settings, chips, cpus))
        self.calls = self._replica.grpc
        self.calls.raises = not RAY_SERVE_ENABLE_DIRECT_INGRESS  # HAProxy leads calls to the replica itself

    async def __serve_build_asgi_app__(self) -> ASGIApp:
        """The application, whose lifespan Serve runs: its end drains the engines. Raises ClassifyError if an engine cannot start."""
        await self._replica.ready()
        return self._replica.app

    async def check_health(self) -> None:
        """Serve replaces the replica after three of these in a row; raises EngineUnavailable."""
        self._replica.check()

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Reload the models that `user_config` has changed. Serve asks a fifth of the replicas at a time, and leads no request to them."""
        await self._replica.want(user_config.get("models", {}))

    async def told(self) -> dict[str, Any]:
        """What this replica serves, and where."""
        context = serve.get_replica_context()
        return {"replica": context.replica_tag, "node": ray.get_runtime_context().get_node_id()[:8], **self._replica.told()}


def build(arguments: ReplicaArguments) -> serve.Application:
    """The application of a config file; what its `deployments` names has precedence over what follows from the settings."""
    options = deployment_options(load_settings(**arguments.settings), arguments.share)
    return Classifier.options(**options).bind(arguments.settings, arguments.share.cpus)  # type: ignore[attr-defined]
