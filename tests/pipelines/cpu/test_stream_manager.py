import json
import threading

import pytest

from models.store import StoredModel
from pipelines.cpu import CpuStreamManager, MxDataInput
from pipelines.cpu.structs import MetadataInputVector, MxBufferInput, MxMetadataInput
from tests.level_model import level_png
from tests.pipelines.cpu.pipelines_made import BROKEN, ask, best, classifying, create, fetch, input_of, send, text_of

TIMED_OUT = (6010, b"Time out, can not get result in time.")
NOTHING = (1002, b' (Code = 1002, Message = "Internal error") ')
NULL = ' (Code = 1003, Message = "Invalid Pointer") '
UNKNOWN = (6002, b' (Code = 6002, Message = "stream is not exist") ')


@pytest.fixture
def stream(manager: CpuStreamManager, level: StoredModel) -> CpuStreamManager:
    """A manager with the stream `s`."""
    create(manager, s=classifying(level))
    return manager


def result(manager: CpuStreamManager, stream: bytes, sink: int = 0, timeout_ms: int = 0) -> tuple[int, bytes]:
    output = manager.GetResult(stream, sink, timeout_ms)
    return output.errorCode, output.data


def result_of(manager: CpuStreamManager, stream: bytes, unique_id: int, timeout_ms: int = 0) -> tuple[int, bytes]:
    output = manager.GetResultWithUniqueId(stream, unique_id, timeout_ms)
    return output.errorCode, output.data


def test_before_init_every_call_fails(level: StoredModel) -> None:
    manager = CpuStreamManager()
    assert manager.CreateMultipleStreams(text_of(s=classifying(level))) == -1
    assert manager.SendData(b"s", 0, input_of(b"a")) == -1
    assert manager.SendDataWithUniqueId(b"s", 0, input_of(b"a")) == -1
    assert result(manager, b"s") == (-1, b"")
    assert result_of(manager, b"s", 0) == (-1, b"")
    assert manager.StopStream(b"s") == -1
    assert manager.DestroyAllStreams() == -1


def test_init_may_be_repeated(stream: CpuStreamManager) -> None:
    assert stream.InitManager() == 0
    assert best(ask(stream, b"s", level_png(40))) == 10


def test_an_answer_by_unique_id(stream: CpuStreamManager) -> None:
    output = ask(stream, b"s", level_png(40))
    assert json.loads(output.data) == {
        "MxpiClass": [
            {"classId": 10, "className": "level 40", "confidence": 0},
            {"classId": 9, "className": "level 36", "confidence": -16},
            {"classId": 11, "className": "level 44", "confidence": -16},
        ]
    }


def test_an_answer_in_order(stream: CpuStreamManager) -> None:
    for level in (0, 252):
        assert stream.SendData(b"s", b"appsrc0", input_of(level_png(level))) == 0
    assert [best(stream.GetResult(b"s", 0)) for _ in range(2)] == [0, 63]


def test_streams_belong_to_the_object_that_made_them(stream: CpuStreamManager) -> None:
    other = CpuStreamManager()
    other.InitManager()
    assert [send(manager, b"s", level_png(0)) for manager in (stream, other)] == [0, -1]


def test_unknown_streams(stream: CpuStreamManager) -> None:
    for name in (b"nosuch", b"", b"a\x01b"):
        assert stream.SendData(name, 0, input_of(b"a")) == 6002
        assert send(stream, name, b"a") == -1
        assert result(stream, name) == UNKNOWN
        assert result_of(stream, name, 0) == UNKNOWN
        assert stream.StopStream(name) == 6002


@pytest.mark.parametrize("name", [b"a\nb", b"\t", b"a\x7f", b"a  b"])
def test_refused_stream_names(stream: CpuStreamManager, name: bytes) -> None:
    assert stream.SendData(name, 0, input_of(b"a")) == 1004
    assert send(stream, name, b"a") == -1
    assert result(stream, name) == NOTHING
    assert result_of(stream, name, 0) == NOTHING
    assert stream.StopStream(name) == 1004


@pytest.mark.parametrize(("custom", "code"), [(b"x\x02", 0), (b"x  y", 1004), (b"x\n", 1004)])
def test_custom_parameters(stream: CpuStreamManager, custom: bytes, code: int) -> None:
    data = input_of(level_png(0))
    data.customParam = custom
    assert stream.SendData(b"s", 0, data) == code


def test_refused_custom_parameters_by_unique_id(stream: CpuStreamManager) -> None:
    data = input_of(level_png(0))
    data.customParam = b"x  y"
    assert stream.SendDataWithUniqueId(b"s", 0, data) == -1


@pytest.mark.parametrize(
    ("plugin", "code"), [(1, 6006), (-1, 1004), (b"appsrc7", 6006), (b"mxpi_imagedecoder0", 6006), (b"\xff", 6006), (b"a\nb", 1004)]
)
def test_unknown_sources(stream: CpuStreamManager, plugin: int | bytes, code: int) -> None:
    assert stream.SendData(b"s", plugin, input_of(b"a")) == code
    assert stream.SendDataWithUniqueId(b"s", plugin, input_of(b"a")) == -1


def test_a_negative_index_is_refused_before_an_unknown_stream(stream: CpuStreamManager) -> None:
    assert stream.SendData(b"nosuch", -1, input_of(b"a")) == 1004


@pytest.mark.parametrize(
    ("keys", "kind", "code"),
    [
        ([b"k"], b"MxTools.MxpiVisionList", 0),
        ([b"k"], b"MxTools.Nope", 1001),
        ([b"k", b"k"], b"MxTools.MxpiVisionList", 7010),
        ([b"ErrorInfo"], b"MxTools.MxpiVisionList", 1004),
    ],
)
def test_messages_beside_an_image(stream: CpuStreamManager, keys: list[bytes], kind: bytes, code: int) -> None:
    buffer, entries = MxBufferInput(), [MxMetadataInput() for _ in keys]
    buffer.data = level_png(40)
    for entry, key in zip(entries, keys, strict=True):
        entry.dataSource, entry.dataType = key, kind
    assert stream.SendData(b"s", b"appsrc0", MetadataInputVector(entries), buffer) == code


def test_a_stream_that_was_never_sent_to(stream: CpuStreamManager) -> None:
    assert result(stream, b"s", 0, 10) == NOTHING
    assert result(stream, b"s", 3, 60_000) == NOTHING
    assert result(stream, b"s", -1, 60_000) == (1004, b' (Code = 1004, Message = "Invalid parameter") ')
    assert result_of(stream, b"s", 0, 60_000) == TIMED_OUT


def test_the_first_send_by_unique_id_decides_the_mode(stream: CpuStreamManager) -> None:
    unique_id = send(stream, b"s", level_png(0))
    assert stream.SendData(b"s", 0, input_of(level_png(0))) == 6008
    assert result(stream, b"s", 0, 60_000) == NOTHING
    assert best(fetch(stream, b"s", unique_id)) == 0


def test_the_first_plain_send_decides_the_mode(stream: CpuStreamManager) -> None:
    assert stream.SendData(b"s", 0, input_of(level_png(0))) == 0
    assert send(stream, b"s", level_png(0)) == -1
    assert result_of(stream, b"s", 0, 60_000) == TIMED_OUT
    assert best(stream.GetResult(b"s", 0)) == 0


def test_ids_are_fetched_once(stream: CpuStreamManager) -> None:
    unique_id = send(stream, b"s", level_png(0))
    assert best(fetch(stream, b"s", unique_id)) == 0
    assert result_of(stream, b"s", unique_id, 60_000) == TIMED_OUT
    assert result_of(stream, b"s", 77, 60_000) == TIMED_OUT


@pytest.mark.parametrize(
    ("image", "code", "text"),
    [
        (BROKEN, 1004, 'Opencv decode failed. (Code = 1004, Message = "Invalid parameter") \n\n'),
        (b"", 1003, f"Dataptr of inputVisionData is nullptr.{NULL}Opencv decode failed.{NULL}\n\n"),
    ],
)
def test_a_bad_image_leaves_the_stream_well(stream: CpuStreamManager, image: bytes, code: int, text: str) -> None:
    output = ask(stream, b"s", image)
    assert (output.errorCode, output.data.decode()) == (code, text)
    assert best(ask(stream, b"s", level_png(20))) == 5


def test_stop_and_create_again(stream: CpuStreamManager, level: StoredModel) -> None:
    assert [send(stream, b"s", level_png(0)) for _ in range(2)] == [0, 1]
    assert stream.StopStream(b"s") == 0
    assert stream.StopStream(b"s") == 6002
    assert stream.SendData(b"s", 0, input_of(b"a")) == 6002
    create(stream, s=classifying(level))
    assert send(stream, b"s", level_png(8)) == 0
    assert best(fetch(stream, b"s", 0)) == 2


def test_destroy_and_create_again(stream: CpuStreamManager, level: StoredModel) -> None:
    assert stream.DestroyAllStreams() == 0
    assert send(stream, b"s", level_png(0)) == -1
    assert stream.DestroyAllStreams() == 0
    create(stream, s=classifying(level))
    assert best(ask(stream, b"s", level_png(8))) == 2


def test_a_name_is_taken_once(stream: CpuStreamManager, level: StoredModel) -> None:
    assert stream.CreateMultipleStreams(text_of(s=classifying(level))) == 6001
    assert stream.last_error is not None
    assert stream.last_error.message == "A stream 's' exists already."
    create(stream, t=classifying(level))
    assert stream.last_error is None


def test_one_of_two_threads_gets_the_name(manager: CpuStreamManager, level: StoredModel) -> None:
    codes: list[int] = []
    text = text_of(s=classifying(level))
    threads = [threading.Thread(target=lambda: codes.append(manager.CreateMultipleStreams(text))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0, 6001, 6001, 6001]


def test_one_of_two_threads_stops_the_stream(stream: CpuStreamManager) -> None:
    codes: list[int] = []
    threads = [threading.Thread(target=lambda: codes.append(stream.StopStream(b"s"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0, 6002, 6002, 6002]


def test_earlier_streams_stay_when_a_later_one_fails(manager: CpuStreamManager, level: StoredModel) -> None:
    bad = classifying(level)
    bad["mxpi_imageresize0"]["factory"] = "mxpi_nosuch"
    assert manager.CreateMultipleStreams(text_of(a=classifying(level), b=bad, c=classifying(level))) == 6014
    assert [send(manager, name, level_png(0)) for name in (b"a", b"b", b"c")] == [0, -1, -1]


def test_the_text_is_checked_as_by_the_parser(manager: CpuStreamManager) -> None:
    assert manager.CreateMultipleStreams(b"") == 1004
    assert manager.CreateMultipleStreams(b"hello") == 6005
    assert manager.last_error is not None
    assert manager.last_error.message.startswith("The pipeline is not JSON")


def test_what_is_not_bytes(stream: CpuStreamManager) -> None:
    data = input_of(b"a")
    for call in (
        lambda: stream.CreateMultipleStreams("{}"),  # type: ignore[arg-type]
        lambda: stream.SendData("s", 0, data),
        lambda: stream.SendDataWithUniqueId("s", 0, data),
        lambda: stream.SendDataWithUniqueId(b"s", "appsrc0", data),
        lambda: stream.GetResult("s", 0, 0),
        lambda: stream.GetResultWithUniqueId("s", 0, 0),  # type: ignore[arg-type]
        lambda: stream.StopStream("s"),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ValueError, match="invalid null reference in method 'StreamManagerApi_StopStream', argument 2"):
        stream.StopStream(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("stream_name", [b"s", b"nosuch"])
@pytest.mark.parametrize(("value", "error"), [(10.5, TypeError), (-1, OverflowError), (2**64, OverflowError), ("1", TypeError)])
def test_numbers_out_of_the_binding(stream: CpuStreamManager, stream_name: bytes, value: int, error: type[Exception]) -> None:
    where = "^in method 'StreamManagerApi_GetResultWithUniqueId', argument {} of type '{}'$"
    with pytest.raises(error, match=where.format(4, "unsigned int")):
        stream.GetResultWithUniqueId(stream_name, 0, value)
    with pytest.raises(error, match=where.format(3, "unsigned long")):
        stream.GetResultWithUniqueId(stream_name, value, 0)
    with pytest.raises(TypeError, match="for overloaded function 'StreamManagerApi_GetResult'"):
        stream.GetResult(stream_name, 0, value)


def test_keywords_are_refused(stream: CpuStreamManager) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'streamName'"):
        stream.SendDataWithUniqueId(streamName=b"s", inPluginId=0, dataInput=MxDataInput())  # type: ignore[call-arg]
