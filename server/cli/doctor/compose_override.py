"""The chips of this host for Docker Compose: what docker-compose.yml says otherwise, as its override file."""

import json
from collections.abc import Iterator

from server.cli.doctor.devices import NEWER_NODE, SHARED_NODES
from server.cli.doctor.machine import Machine
from server.engines.chips import find_chips
from server.errors import EngineUnavailable

IN_COMPOSE = (0, 1, 2, 3)  # the chips in docker-compose.yml: one Atlas 300
FIRST_OVERRIDE = "2.24.4"  # the first Docker Compose that knows !override


def compose_override(machine: Machine) -> str:
    """The text of docker-compose.override.yml for the chips of a machine.

    A list of an override file is added to that of docker-compose.yml. Where chips must go from it, the list gets the tag !override.
    Raises EngineUnavailable if there is no chip, or one of the driver's other nodes is missing.
    """
    chips = find_chips(machine.path("/dev"))
    if not chips:
        raise EngineUnavailable(
            f"There is no chip in {machine.path('/dev')} (/dev/davinci0).",
            "Load the driver, and see what npu-smi info says. In a container name the host's: doctor --compose --root /host",
        )
    if missing := [node for node in SHARED_NODES if not machine.exists(node)]:
        raise EngineUnavailable(
            f"{' and '.join(missing)} is missing beside the chips.", "The driver makes it: sudo reboot, then npu-smi info"
        )
    return "".join(f"{line}\n" for line in _lines(machine, chips))


def _lines(machine: Machine, chips: tuple[int, ...]) -> Iterator[str]:
    nodes = [f"/dev/davinci{chip}" for chip in chips]
    newer = [NEWER_NODE] if machine.exists(NEWER_NODE) else []
    groups = sorted({machine.path(node).stat().st_gid for node in nodes})
    counted = f"{len(chips)} chip{'s' if len(chips) > 1 else ''}"
    yield f"# Written by `ascend-classify doctor --compose`: {counted}. Docker Compose adds it by itself."
    yield "services:"
    yield "  classify:"
    yield f"    group_add: {json.dumps([str(gid) for gid in groups])}"
    if set(IN_COMPOSE) <= set(chips):
        more = [*nodes[len(IN_COMPOSE) :], *newer]
        yield from ("    devices:", *_items(more)) if more else ()
    else:
        yield f"    devices: !override # wants Docker Compose {FIRST_OVERRIDE} or newer"
        yield from _items([*nodes, *SHARED_NODES, *newer])


def _items(nodes: list[str]) -> Iterator[str]:
    return (f"      - {node}" for node in nodes)
