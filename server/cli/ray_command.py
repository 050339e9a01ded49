"""`ray`: replicas on a Ray cluster."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from server.cli.flags import with_settings
from server.cli.options import AsJson
from server.settings import Settings

ray_app = typer.Typer(help="Replicas on a Ray cluster, by Ray Serve (the extra `ray`).", no_args_is_help=True)

Address = Annotated[str, typer.Option(help="Address of the cluster; auto: the one of this node.")]


@ray_app.command("up")
@with_settings
def up(
    settings: Settings,
    *,
    chips: Annotated[int, typer.Option(min=0, help="Ascend chips of each replica; 0: it serves on the CPU.")] = 0,
    cpus: Annotated[float, typer.Option(min=0.1, help="Cores of each replica.")] = 1.0,
    least: Annotated[int, typer.Option(min=1, help="Replicas at least.")] = 1,
    most: Annotated[int, typer.Option(min=1, help="Replicas at most; between the two Serve follows the requests in flight.")] = 1,
    file: Annotated[Path, typer.Option(help="The config file of Serve to write.")] = Path("ascend-classify-ray.yaml"),
    only_write: Annotated[bool, typer.Option("--only-write", help="Write the file, for `serve deploy` or KubeRay, and end.")] = False,
    haproxy: Annotated[bool, typer.Option(help="Have HAProxy, which Ray brings, lead requests to the replicas.")] = True,
    wait_s: Annotated[float, typer.Option(min=0, help="Longest wait for the replicas, in seconds.")] = 600.0,
    address: Address = "auto",
) -> None:
    """Write the config file of Ray Serve and put it into effect; again after a change: only what has changed is changed.

    A model with a new version in the store is reloaded. The settings are those of `serve`.
    """
    from server.ray.ray_cluster import RayCluster, check_ray
    from server.ray.serve_config import ReplicaShare, serve_config

    try:
        share = ReplicaShare(chips=chips, cpus=cpus, least=least, most=most)
    except ValidationError as error:
        raise typer.BadParameter(str(error.errors()[0]["msg"]), param_hint="--most") from error
    config = serve_config(settings, share, haproxy=haproxy)
    check_ray()
    import yaml  # of the extra `ray`

    if not (settings.api_key_file or settings.api_keys_file):
        typer.echo("warning: no API key is set, and the replicas listen on all interfaces of their nodes. Set API_KEY_FILE.", err=True)
    file.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), "utf-8")
    sys.stdout.write(f"{file}\n")
    if not only_write:
        cluster = RayCluster(address)
        cluster.deploy(file.absolute())
        cluster.wait(wait_s)
        _print(cluster.replicas())


@ray_app.command("status")
def status(address: Address = "auto", as_json: AsJson = False) -> None:
    """Show what Serve says of the application, and what each replica serves, where; ends with 1 unless all is well."""
    from server.ray.ray_cluster import RayCluster

    cluster = RayCluster(address)
    (state, message), running, replicas = cluster.state(), cluster.running(), cluster.replicas()
    if as_json:
        sys.stdout.write(json.dumps({"state": state, "message": message, "running": running, "replicas": replicas}, indent=2) + "\n")
    else:
        sys.stdout.write(f"{state} {message}".strip() + "\n")
        _print(replicas)
        if running > len(replicas):
            sys.stdout.write(f"{running - len(replicas)} more did not answer in time: their windows are full.\n")
    refused = any(model["refused"] for each in replicas for model in each["models"].values())
    raise typer.Exit(0 if state == "RUNNING" and not refused else 1)


@ray_app.command("down")
def down(address: Address = "auto") -> None:
    """End Serve on the cluster: the replicas finish their requests. The cluster stays."""
    from server.ray.ray_cluster import RayCluster

    RayCluster(address).end()


def _print(replicas: list[dict[str, object]]) -> None:
    for each in replicas:
        models = each["models"]
        assert isinstance(models, dict)  # noqa: S101 - a replica told it
        for name, model in models.items():
            refused = f"  refused: {model['refused']}" if model["refused"] else ""
            sys.stdout.write(f"{each['node']}  {each['replica']}  {name} {model['version']}  {' '.join(model['engines'])}{refused}\n")
