"""Damaged pictures among whole ones on the ascend double, whose decoder only warns of them, or not even that."""

from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue

import cv2
import pytest

from server.engines.answer import UNDECODED
from server.engines.fleet.fleet import Fleet
from server.engines.plan import plan_rendered
from server.engines.probe import damaged_image, probe_request
from server.engines.process import second_look
from server.engines.process.engine_process import EngineProcess
from server.engines.process.program import StreamProgram
from server.engines.process.second_look import SecondLook, needs_second_look
from server.engines.work import InferenceRequest, Work
from server.errors import EngineFailed, InternalError, ServiceError, UndecodableImage
from server.images.inspection import inspect_image
from server.types import EncodedImage, ImageFormat, Prediction
from tests.ascend_double.double import AscendDouble, store_om_model
from tests.level_model import level_image

DAMAGED = inspect_image(damaged_image(), 10_000)
ANSWER = Prediction((), "stream", "probability")


def work_of(image: EncodedImage) -> Work:
    return Work(InferenceRequest(image, "", probe_request(20).deadline_s))


def looked_at(image: EncodedImage, outcome: Prediction | ServiceError) -> Prediction | ServiceError | None:
    told: SimpleQueue[Prediction | ServiceError | None] = SimpleQueue()
    look = SecondLook("one", lambda: lambda _work, seen: told.put(seen))
    look.take(work_of(image), outcome)
    look.close()
    return told.get_nowait()


def test_a_fault_answers_its_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: EncodedImage) -> None:
        raise MemoryError

    monkeypatch.setattr(second_look, "decode_checked", broken)
    assert isinstance(looked_at(DAMAGED, ANSWER), InternalError)


@pytest.mark.parametrize("mute", [False, True], ids=["it warns", "it does not"])
@pytest.mark.parametrize("batch_sizes", [(1,), (1, 2, 4, 8)], ids=str)
def test_each_picture_gets_its_own_answer(tmp_path: Path, batch_sizes: tuple[int, ...], mute: bool) -> None:
    model, double = store_om_model(tmp_path / "store", batch_sizes), AscendDouble(tmp_path / "double")
    if mute:
        double.breaks("mute")
    engine = EngineProcess("stream", StreamProgram(lambda: plan_rendered(model, "ascend", "Ascend310", 2), "ascend", double.python))
    fleet = Fleet.of(engine, 64)
    fleet.start()
    asked: list[tuple[int | None, Future[Prediction]]] = []
    for number in range(60):
        image = DAMAGED if number % 4 == 0 else level_image(number)
        asked.append((None if image is DAMAGED else number, fleet.submit(work_of(image).request)))  # type: ignore[arg-type]
    for class_id, future in asked:
        if class_id is None:
            with pytest.raises(UndecodableImage, match="64x64 pixels cannot be decoded"):
                future.result(20)
        else:
            assert future.result(20).scores[0].class_id == class_id
    assert (present := engine._present)
    assert (present.child.refuses_damage, present.child.warns_of_damage) == (False, not mute)
    fleet.close(5)
    assert (engine.restarts, present._suspects) == (0, set())


def test_only_what_can_be_damaged_and_what_was_refused_is_looked_at() -> None:
    whole = work_of(level_image(5))
    assert needs_second_look(whole, ANSWER, suspect=True)
    assert not needs_second_look(whole, ANSWER, suspect=False)
    assert not needs_second_look(whole, EngineFailed("It failed."), suspect=True)
    assert needs_second_look(whole, UndecodableImage(UNDECODED), suspect=False)
    bmp = EncodedImage(cv2.imencode(".bmp", cv2.UMat(4, 4, cv2.CV_8UC3).get())[1].tobytes(), ImageFormat.BMP, 4, 4)
    assert not needs_second_look(work_of(bmp), ANSWER, suspect=True)


def test_damage_is_told_of_what_is_damaged_only() -> None:
    assert looked_at(level_image(5), ANSWER) is ANSWER
    damaged = looked_at(DAMAGED, ANSWER)
    assert isinstance(damaged, UndecodableImage)
    assert damaged.remedy == "It is damaged inside its coded pixels: send the original file."
    unread = looked_at(level_image(5), UndecodableImage(UNDECODED, "It is damaged."))
    assert isinstance(unread, UndecodableImage)
    assert (unread.message, unread.remedy) == (
        "The SDK's decoder does not read this PNG, which is not damaged.",
        "Send it as a plain PNG or JPEG.",
    )
