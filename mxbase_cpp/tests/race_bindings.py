"""Python threads that submit, cancel, close and forget classifiers at once, over the simulated device; run under TSan by ctest."""

import gc
import importlib
import struct
import sys
import threading
import time
from collections import Counter
from random import Random
from typing import Any

CLIENTS, IMAGES, ROUNDS = 4, 250, 6
FAR_S = 60.0
HEALTHY, REFUSES, BREAKS = 0, 1, 2


def configuration(device_id: int = HEALTHY, capacity: int = 64) -> dict[str, object]:
    geometry = {"resize_width_px": 1, "resize_height_px": 1, "crop_width_px": 0, "crop_height_px": 0, "resize": "stretch"}
    scores = {"decode": "exact", "ranking": "own", "classes": 256, "top_k": 1, "softmax": True}
    sizes = {"decoders": 2, "lanes": 2, "capacity": capacity, "precision": "", "latency": False}
    return {"model_path": "", "device_id": device_id} | geometry | scores | sizes


class Owner:
    """What a classifier answers, by number, each once."""

    def __init__(self, module: Any, device_id: int = HEALTHY) -> None:
        self.lock = threading.Lock()
        self.results: dict[int, Any] = {}
        self.classifier = module.Classifier(self.keep, **configuration(device_id))

    def keep(self, results: list[Any]) -> None:
        with self.lock:
            for result in results:
                assert result[0] not in self.results
                self.results[result[0]] = result


def in_threads(*targets: Any) -> None:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def submit_and_cancel(owner: Owner, module: Any, client: int, taken: Counter[str]) -> None:
    random = Random(client)  # noqa: S311
    for number in range(client * IMAGES, (client + 1) * IMAGES):
        image = b"" if number % 31 == 0 else bytes([number % 251])
        late_s = 0.0005 if number % 17 == 0 else FAR_S
        while not owner.classifier.submit(number, image, time.monotonic() + late_s, number % 3 == 0):
            time.sleep(0.001)
        taken["images"] += 1
        if random.random() < 0.2:
            owner.classifier.cancel(random.randrange(CLIENTS * IMAGES))
        if number % 50 == 0:
            assert owner.classifier.in_flight <= 64
            assert [size for size, _ in owner.classifier.gears] == [1, 2, 4]
            with module.StderrTrap() as trap:
                assert not trap.sprung


def everybody_is_answered_once(module: Any) -> None:
    owner = Owner(module)
    taken: Counter[str] = Counter()
    in_threads(*(lambda client=client: submit_and_cancel(owner, module, client, taken) for client in range(CLIENTS)))
    in_threads(lambda: owner.classifier.close(FAR_S), lambda: owner.classifier.close(FAR_S))
    assert len(owner.results) == CLIENTS * IMAGES
    outcomes = Counter(result[1] for result in owner.results.values())
    assert set(outcomes) <= {"ok", "cancelled", "expired", "undecodable"}, outcomes
    assert outcomes["ok"] > CLIENTS * IMAGES / 2, outcomes
    for number, outcome, _, best, *_, all_scores in owner.results.values():
        assert outcome != "ok" or best[0][0] == number % 251
        assert all_scores == (struct.pack("<f", number % 251) if outcome == "ok" and number % 3 == 0 else None)


def closing_meets_submitting(module: Any) -> None:
    owner = Owner(module)
    taken: set[int] = set()

    def submit(client: int) -> None:
        for number in range(client, 10**6, CLIENTS):
            if not owner.classifier.submit(number, b"x", time.monotonic() + FAR_S):
                if closed.is_set():
                    return
                time.sleep(0.001)
                continue
            taken.add(number)

    def close() -> None:
        time.sleep(0.05)
        owner.classifier.close(0)
        closed.set()

    closed = threading.Event()
    in_threads(close, *(lambda client=client: submit(client) for client in range(CLIENTS)))
    assert set(owner.results) == taken
    assert {result[1] for result in owner.results.values()} <= {"ok", "closed"}


class Forgotten:
    """Its callback touches nothing of it: a collector may have taken it apart while a result was under way."""

    def __init__(self, module: Any) -> None:
        self.classifier = module.Classifier(self.keep, **configuration())

    def keep(self, _results: list[Any]) -> None:
        gc.collect()


def forgotten_with_images_in_flight(module: Any) -> None:
    """Collected by its owner, by another thread, and by a thread that delivers."""

    def forget() -> None:
        for _ in range(10):
            owner = Forgotten(module)
            for number in range(20):
                owner.classifier.submit(number, b"x", time.monotonic() + FAR_S)
            del owner
            gc.collect()

    in_threads(forget, forget)


def forgotten_by_its_own_thread(module: Any) -> None:
    """The last reference goes inside the delivery."""
    for _ in range(10):
        gone = threading.Event()
        holder: list[Any] = []

        def keep(_results: list[Any], holder: list[Any] = holder, gone: threading.Event = gone) -> None:
            holder.clear()
            gc.collect()
            gone.set()

        holder.append(module.Classifier(keep, **configuration()))
        assert holder[0].submit(1, b"x", time.monotonic() + FAR_S)
        assert gone.wait(FAR_S)


def devices_that_fail(module: Any) -> None:
    for device_id, why in ((REFUSES, "no device"), (BREAKS, "broken (code -1)")):
        refused = ""
        try:
            Owner(module, device_id)
        except RuntimeError as error:
            refused = str(error)
        assert refused == why


def main(folder: str) -> None:
    sys.path.insert(0, folder)
    module = importlib.import_module("_mxclassify")
    raised: list[str] = []
    sys.unraisablehook = lambda what: raised.append(repr(what.exc_value))
    threading.excepthook = lambda what: raised.append(repr(what.exc_value))
    sys.setswitchinterval(0.0005)
    for _ in range(ROUNDS):
        everybody_is_answered_once(module)
        closing_meets_submitting(module)
        forgotten_with_images_in_flight(module)
        forgotten_by_its_own_thread(module)
        devices_that_fail(module)
    assert raised == [], raised


if __name__ == "__main__":
    main(sys.argv[1])
