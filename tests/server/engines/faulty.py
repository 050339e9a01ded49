"""Engines that break their process, each in its own way. They are run in children."""

import os
import sys
from concurrent.futures import Future
from time import sleep

from server.engines.base import InferenceRequest
from server.engines.fake_engine import FakeEngine
from server.types import Prediction


class FaultyEngine(FakeEngine):
    """Does what the bytes of an image tell it."""

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        match request.image.data:
            case b"ABORT":
                os.abort()
            case b"EXIT":
                os._exit(3)
            case b"HANG":
                sleep(3600)
            case b"GARBAGE":
                os.write(int(sys.argv[2]), b"no frame at all, " * 100)
        return super().submit(request)


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
