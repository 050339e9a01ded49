"""What there is to say of every engine, for /info and the metrics."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from server.engines.base import Engine
from server.engines.fleet.chain import Chain
from server.engines.fleet.dispatcher import Dispatcher


@dataclass(frozen=True)
class EngineStatus:
    """One engine on one chip. `process` is its process id if it has one of its own, `reason` says why it is not up."""

    name: str
    device: str
    up: bool
    answers: bool
    reason: str = ""
    process: int | None = None
    restarts: int = 0


def statuses(engine: Engine, device: str = "0") -> Iterator[EngineStatus]:
    """One for every engine on every chip, in the order in which they are asked."""
    if not isinstance(engine, Dispatcher):
        health = engine.health()
        process, restarts = getattr(engine, "pid", None), getattr(engine, "restarts", 0)
        yield EngineStatus(engine.name, device, health.ok, health.ok, health.reason, process, restarts)
        return
    answering = next((member for member in engine.members if not member.down), None) if isinstance(engine, Chain) else None
    for member in engine.members:
        for status in statuses(member.engine, member.device):
            up = status.up and not member.down
            answers = status.answers and up and (answering in (None, member))
            yield replace(status, up=up, answers=answers, reason=status.reason or member.down)


def engine_names(engine: Engine) -> tuple[str, ...]:
    """The engines by name, in the order in which they are asked."""
    return engine.names if isinstance(engine, Chain) else (engine.name,)
