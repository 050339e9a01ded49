"""Engines that break their process, each in its own way. They are run in children."""

import os
import sys
from time import sleep

from server.engines.fake_engine import FakeEngine
from server.engines.work import Work


class FaultyEngine(FakeEngine):
    """Does what the bytes of an image tell it."""

    def __init__(self, latency_s: float = 0.0) -> None:
        super().__init__(places=4, latency_s=latency_s)

    def take(self, work: Work) -> None:
        match work.request and work.request.image.data:
            case b"ABORT":
                os.abort()
            case b"EXIT":
                os._exit(3)
            case b"HANG":
                sleep(3600)
            case b"GARBAGE":
                os.write(int(sys.argv[2]), b"no frame at all, " * 100)
        super().take(work)


class NeverReady(FakeEngine):
    """Loads for ever."""

    def start(self) -> None:
        sys.stderr.write("loading\n")
        sys.stderr.flush()
        sleep(3600)


class Talking(FakeEngine):
    """Prints, as a vendor's library does."""

    def start(self) -> None:
        super().start()
        os.write(1, b"here I am\n")
