"""The members of a fleet, all together: how they start and close, and what there is to say of them."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from server.engines.base import BatchObserver, EngineHealth, EngineStatus
from server.engines.fleet.member import Member, Tier, is_up
from server.engines.work import InferenceRequest, Work
from server.errors import EngineUnavailable, ServiceError
from server.images.upright import priced_upright
from server.types import Prediction


class Crew:
    """Tiers of members."""

    def __init__(self, tiers: Sequence[Tier]) -> None:
        self.tiers = tuple(tuple(tier) for tier in tiers)
        self.members = tuple(member for tier in self.tiers for member in tier)

    @property
    def names(self) -> tuple[str, ...]:
        """The engines by name, in the order in which they are asked."""
        return tuple(dict.fromkeys(member.engine.name for member in self.members))

    def start(
        self, on_answer: Callable[[Member, Work, Prediction | ServiceError | None], None], on_batch: BatchObserver, preparing: Executor
    ) -> None:
        """Start every engine, all at once; raises EngineUnavailable or ModelError if one cannot, or if their scores differ in kind."""

        def start(member: Member) -> None:
            member.engine.on_batch, member.engine.on_answer = on_batch, partial(on_answer, member)
            member.preparing = preparing
            member.engine.start()
            member.raise_up()

        try:
            with ThreadPoolExecutor(len(self.members)) as starting:
                list(starting.map(start, self.members))
            self._check_score_types()
        except BaseException:
            self.close()
            raise

    def _check_score_types(self) -> None:
        if len({member.engine.score_type for member in self.members}) > 1:
            raise EngineUnavailable("The engines give different kinds of scores.", "Say SOFTMAX=true in the .cfg, or name one engine.")

    def priced(self, request: InferenceRequest) -> InferenceRequest:
        """The request, its image's estimated costs with those of `upright` before an engine gets it, if an engine needs that."""
        turns = all(member.engine.turns_pictures for member in self.members)
        webp = all(member.engine.reads_webp for member in self.members)
        return request if turns and webp else replace(request, image=priced_upright(request.image, turns=turns, webp=webp))

    def statuses(self) -> list[EngineStatus]:
        """One for every engine on every chip, in the order in which they are asked."""
        asked = next((tier for tier in self.tiers if is_up([tier])), ())
        return [member.status(asked=member in asked) for member in self.members]

    def health(self) -> EngineHealth:
        """Healthy while one of the engines is up; else why each is not."""
        ok = is_up(self.tiers)
        return EngineHealth(ok, "" if ok else "; ".join(f"{member.engine.name}: {member.down}" for member in self.members))

    def close(self) -> None:
        """Close every engine, all at once."""
        for member in self.members:
            member.put_down("not running")
        with ThreadPoolExecutor(len(self.members)) as closing:
            list(closing.map(lambda member: member.engine.close(), self.members))
