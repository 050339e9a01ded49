import gc
import json
import re
import subprocess
import sys
import time
import weakref
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import mxclassify
import numpy as np
import pytest

from models.store import StoredModel
from pipelines.classifier_config import ClassifierLimits, configure_classifier
from tests.mxbase_cpp.conftest import LIMITS, Running, classifying


def makers() -> int:
    """The thread that compiles a second model, and those of OpenVINO that it starts and that stay: they inherit its name."""
    found = 0
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it has ended
            found += (thread / "comm").read_text() == "wide-model\n"
    return found


def test_the_photos_are_what_they_are(model: StoredModel, cat: bytes, coffee: bytes) -> None:
    with classifying(model) as running:
        number, outcome, error, best, stages, batch, gear, all_scores = running.answer(cat)
        assert (number, outcome, error, batch, gear, all_scores) == (0, "ok", "", 1, 1, None)
        assert [class_id for class_id, _ in best[:2]] == [285, 282]
        assert len(best) == 16
        assert set(stages) == {"decode", "resize", "queue", "infer", "postprocess"}
        assert running.answer(coffee)[3][0][0] == 967
        assert [size for size, _ in running.classifier.gears] == [1]


def test_the_sdk_s_own_ranking_agrees(model: StoredModel, cat: bytes) -> None:
    with classifying(model) as own, classifying(model, ranking="sdk") as sdk:
        ours, theirs = own.answer(cat)[3], sdk.answer(cat)[3]
    assert [class_id for class_id, _ in ours] == [class_id for class_id, _ in theirs]
    assert [score for _, score in ours] == pytest.approx([score for _, score in theirs], rel=4e-5)


def test_all_scores_are_those_that_are_ranked(model: StoredModel, cat: bytes) -> None:
    with classifying(model) as own, classifying(model, ranking="sdk") as sdk:
        ours, theirs = own.answer(cat, full=True), sdk.answer(cat, full=True)
        assert own.answer(b"", full=True)[7] is None
    assert ours[7] == theirs[7]
    scores = np.frombuffer(ours[7], "<f4")
    assert (len(scores), sum(scores)) == (1000, pytest.approx(1, abs=1e-5))
    assert [(class_id, scores[class_id]) for class_id in np.argsort(-scores, stable=True)[:16]] == ours[3]
    assert [scores[class_id] for class_id, _ in theirs[3]] == pytest.approx([score for _, score in theirs[3]], rel=4e-5)


def test_an_image_that_is_alone_has_the_same_scores_to_the_last_bit(model: StoredModel, cat: bytes, coffee: bytes) -> None:
    images, most, until_s = (cat, coffee), 0, time.monotonic() + 60
    with classifying(model) as narrow, classifying(model, limits=replace(LIMITS, latency=True)) as wide:
        wanted = [narrow.answer(image, full=True)[7] for image in images]
        while (now := makers()) >= most:  # it begins two seconds after the load, and ends when the model is compiled
            most = max(most, now)
            assert [wide.answer(image, full=True)[7] for image in images] == wanted
            assert time.monotonic() < until_s
        assert [wide.answer(image, full=True)[7] for image in images] == wanted


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff\xe0 no more"])
def test_what_is_no_image(model: StoredModel, data: bytes) -> None:
    with classifying(model) as running:
        assert running.answer(data)[1] == "undecodable"


def test_a_damaged_jpeg_is_refused_and_its_neighbour_answered(model: StoredModel, cat: bytes) -> None:
    pixels = cv2.imdecode(np.frombuffer(cat, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    damaged = jpeg[: len(jpeg) // 2] + b"\xff\xd9"
    with classifying(model) as running:
        assert running.answer(damaged)[1:3] == ("undecodable", "it is damaged: its decoder has warned of it")
        assert running.answer(jpeg)[1] == "ok"


def test_late_cancelled_full_and_closed(model: StoredModel, cat: bytes) -> None:
    with classifying(model, limits=ClassifierLimits(decoders=1, lanes=2, capacity=3)) as running:
        classifier = running.classifier
        far_s = time.monotonic() + 60
        assert [classifier.submit(number, cat, far_s) for number in (1, 1, 2)] == [True, False, True]
        assert classifier.submit(3, cat, time.monotonic() - 1)
        assert not classifier.submit(4, cat, far_s)
        classifier.cancel(2)
        classifier.close(30)
        assert {number: result[1] for number, result in running.results.items()} == {1: "ok", 2: "cancelled", 3: "expired"}
        assert not classifier.submit(5, cat, far_s)
        assert classifier.in_flight == 0


def test_a_configuration_that_cannot_be(model: StoredModel) -> None:
    with classifying(model) as running:
        good = running.config
    with pytest.raises(mxclassify.DeviceError, match=r"cannot be loaded \(code 1016\)"):
        mxclassify.Classifier(print, **(good | {"model_path": "/missing.om"}))
    with pytest.raises(mxclassify.DeviceError, match="device 7 cannot be used"):
        mxclassify.Classifier(print, **(good | {"device_id": 7}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_path": b"a.om"}, "model_path must be a text"),
        ({"model_path": "\udc80.om"}, "model_path must be a text"),
        ({"softmax": 1}, "softmax must be true or false"),
        ({"classes": True}, "classes must be a whole number from 0 to 4294967295"),
        ({"classes": 10.0}, "classes must be a whole number from 0 to 4294967295"),
        ({"classes": [10]}, "classes must be a whole number from 0 to 4294967295"),
        ({"classes": None}, "classes must be a whole number from 0 to 4294967295"),
        ({"classes": 10**30}, "classes must be a whole number from 0 to 4294967295"),
        ({"lanes": -1}, "lanes must be a whole number from 0 to 65535"),
        ({"top_k": 0}, "top_k is outside 1..16"),
        ({"resize": "fit"}, "resize must be short_side or stretch"),
        ({"more": 1}, "more is unknown"),
    ],
)
def test_an_argument_that_cannot_be_is_named(model: StoredModel, change: dict[str, object], words: str) -> None:
    good = dict(configure_classifier(model.manifest, "a.om", LIMITS))
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        mxclassify.Classifier(print, **(good | change))  # type: ignore[arg-type]


def test_every_argument_must_be_given(model: StoredModel) -> None:
    good = dict(configure_classifier(model.manifest, "a.om", LIMITS))
    for name in good:
        some = {other: value for other, value in good.items() if other != name}
        with pytest.raises(ValueError, match=f"^{name} is missing$"):
            mxclassify.Classifier(print, **some)  # type: ignore[arg-type]


def test_one_that_is_forgotten_is_closed(model: StoredModel, cat: bytes) -> None:
    with classifying(model) as running:
        config = running.config

    class Owner:
        def __init__(self) -> None:
            self.seen: list[Any] = []
            self.classifier = mxclassify.Classifier(self.keep, **config)

        def keep(self, results: list[Any]) -> None:
            self.seen += results

    owner = Owner()
    owner.classifier.submit(1, cat, time.monotonic() + 60)
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


def test_a_process_may_end_without_closing_it(model: StoredModel, cat: bytes, tmp_path: Path) -> None:
    """A thread of C++ that asks for the interpreter's lock when the interpreter is gone would abort it."""
    (tmp_path / "cat.png").write_bytes(cat)
    with classifying(model) as running:
        config = json.dumps(running.config)
    program = (
        "import json, mxclassify, pathlib, sys, time\n"
        "cat = pathlib.Path(sys.argv[2]).read_bytes()\n"
        "classifier = mxclassify.Classifier(lambda results: None, **json.loads(sys.argv[1]))\n"
        "assert all(classifier.submit(number, cat, time.monotonic() + 60) for number in range(20))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, config, tmp_path / "cat.png"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_callback_that_raises_spoils_nothing(model: StoredModel, cat: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda raised: heard.append(str(raised.exc_value)))
    with classifying(model) as running:
        config = running.config

    def complain(results: list[Any]) -> None:
        raise ValueError(f"{len(results)} results")

    classifier = mxclassify.Classifier(complain, **config)
    assert classifier.submit(1, cat, time.monotonic() + 60)
    classifier.close(60)
    assert heard == ["1 results"]


def test_results_may_submit_but_not_close(model: StoredModel, cat: bytes) -> None:
    seen: list[str] = []

    def keep(results: list[Any]) -> None:
        for number, *_ in results:
            if number < 3:
                assert classifier.submit(number + 1, cat, time.monotonic() + 60)
            else:
                with pytest.raises(RuntimeError, match="its own end"):
                    classifier.close()
                seen.append("the last")

    with classifying(model) as running:
        config = running.config
    classifier = mxclassify.Classifier(keep, **config)
    assert classifier.submit(0, cat, time.monotonic() + 60)
    while not seen:
        time.sleep(0.01)
    classifier.close()


def test_one_openvino_and_one_tbb() -> None:
    """Debian's OpenCV wants a TBB too; it gets the one that OpenVINO brings."""
    program = (
        "import mxclassify, cv2, pathlib\n"
        "maps = pathlib.Path('/proc/self/maps').read_text().splitlines()\n"
        "print(sorted({line.split()[-1] for line in maps if 'libopenvino.so' in line or 'libtbb.so' in line}))\n"
    )
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    libraries = json.loads(printed.replace("'", '"'))
    assert len(libraries) == 2
    assert all("openvino/libs/" in library for library in libraries)


def test_bulk(model: StoredModel, cat: bytes) -> None:
    with classifying(model) as running:
        assert all(running.classifier.submit(number, cat, time.monotonic() + 60) for number in range(40))
        running.classifier.close(60)
        assert isinstance(running, Running)
        assert len(running.results) == 40
        assert {tuple(result[3]) for result in running.results.values()} == {tuple(running.results[0][3])}
