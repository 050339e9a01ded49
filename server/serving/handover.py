"""How answers get from the engines' threads to the event loop: several at once, while other images wait for an engine.

An inference empties the processor's caches. Between two of them a request takes 1.7 to 2.0 ms of the loop's core that otherwise costs
0.6 (EfficientNet-Lite0, 32 connections, two slow cores of an Intel). Answers that come together share that, and so do the next requests of
their clients. While images wait, the engines have work, and nobody loses throughput.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from time import monotonic

HELD_SHARE = 0.125
"""An answer is held for this share of the time that it took, at most."""
MOST_HELD_S = 0.025
LATE_S = 0.05
"""After so long a held answer is given even if no other one comes, as when an engine hangs."""


class Handover:
    """Wakes the event loop for answers; each is a future of the loop, which gets no result but None.

    `more_follow` tells whether images wait for an engine. `expect` is called on the loop, and `give` once for each, on any thread.
    """

    def __init__(self, more_follow: Callable[[], bool]) -> None:
        self._more_follow = more_follow
        self._held: deque[asyncio.Future[None]] = deque()
        self._came_s = self._gave_s = float("-inf")
        self._expected = 0
        self._look: asyncio.TimerHandle | None = None

    def expect(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """A future for an answer that will be given."""
        self._expected += 1
        self._look = self._look or loop.call_later(LATE_S, self._look_after, loop)
        return loop.create_future()

    def give(self, answered: asyncio.Future[None], took_s: float) -> None:
        """Wake the loop for an answer that took so long, or hold it for the next one, if one has just come before it too."""
        now_s, most_s = monotonic(), min(took_s * HELD_SHARE, MOST_HELD_S)
        is_dense, self._came_s = now_s - self._came_s < most_s, now_s
        self._held.append(answered)
        if is_dense and now_s - self._gave_s < most_s and self._more_follow():
            return
        self._gave_s = now_s
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the waiting requests with it
            answered.get_loop().call_soon_threadsafe(self._settle_held)

    def _settle_held(self) -> None:
        while self._held:
            settle(self._held.popleft())
            self._expected -= 1

    def _look_after(self, loop: asyncio.AbstractEventLoop) -> None:
        self._settle_held()
        self._look = loop.call_later(LATE_S, self._look_after, loop) if self._expected else None


def settle(answered: asyncio.Future[None]) -> None:
    """Wake who waits for it."""
    if not answered.done():
        answered.set_result(None)
