"""The log of predictions: torn ends, repeated images, full disks, damage."""

import errno
import fcntl
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.evaluation.evaluation_errors import EvaluationLost, RunBusy
from server.evaluation.run.records import SCORES_INVALID, PredictionLog, Record
from server.types import ClassScore, Prediction
from tests.server.evaluation.made_run import answer, failure

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False)
records = st.builds(
    Record,
    index=st.integers(0, 40),
    name=names,
    label=st.none() | st.integers(0, 999),
    outcome=st.sampled_from(("ok", "undecodable_image")),
    top=st.lists(st.tuples(st.integers(0, 999), finite), max_size=3).map(tuple),
    stages_ms=st.dictionaries(st.sampled_from(("queue", "infer")), finite),
    latency_ms=finite,
)


def once(found: list[Record]) -> list[Record]:
    first: dict[int, Record] = {}
    for record in found:
        first.setdefault(record.index, record)
    return list(first.values())


@given(st.lists(records, max_size=8), st.data())
def test_a_log_cut_anywhere_has_its_whole_lines_and_goes_on(
    tmp_path_factory: pytest.TempPathFactory, found: list[Record], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("log") / "predictions.jsonl"
    with PredictionLog(path) as log:
        for record in found:
            log.append(record)
        assert list(log.read()) == once(found)
    whole = path.read_bytes() if found else b""
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    left = found[: whole[:cut].count(b"\n")]
    assert list(PredictionLog(path).read()) == once(left)
    with PredictionLog(path) as log:
        log.append(failure(41, 3))
    assert list(PredictionLog(path).read()) == [*once(left), failure(41, 3)]


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list(PredictionLog(tmp_path / "none").read()) == []


def test_reading_goes_on_while_it_is_written(tmp_path: Path) -> None:
    with PredictionLog(tmp_path / "log") as log:
        log.append(answer(0, 1, 1))
        reading = log.read()
        assert next(reading).index == 0
        log.append(answer(1, 1, 1))
        assert [record.index for record in reading] == [1]


WRITER = """
import sys
from pathlib import Path
from server.evaluation.run.records import PredictionLog, Record
log = PredictionLog(Path(sys.argv[1]))
for index in range(10**9):
    log.append(Record(index=index, name=f"{index}.png", label=index % 7, top=((index % 7, 0.5),)))
    if index == 200:
        print("on the way", flush=True)
"""


def test_a_process_that_is_killed_leaves_whole_records(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            with pytest.raises(RunBusy, match=r"runs in another process\. Wait for its end"), PredictionLog(path):
                pass
            assert next(PredictionLog(path).read()).index == 0
        finally:
            process.send_signal(signal.SIGKILL)
    with PredictionLog(path) as log:
        found = list(log.read())
    assert len(found) > 200
    assert [record.index for record in found] == list(range(len(found)))


def test_a_block_holds_the_lock_before_its_first_line(tmp_path: Path) -> None:
    with PredictionLog(tmp_path / "log"):
        with pytest.raises(RunBusy):
            PredictionLog(tmp_path / "log").append(answer(0, 1, 1))
        assert list(PredictionLog(tmp_path / "log").read()) == []
    (tmp_path / "folder").mkdir()
    with pytest.raises(EvaluationLost, match="Is a directory"), PredictionLog(tmp_path / "folder"):
        pass


def test_a_run_goes_on_where_files_cannot_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_locks(_file: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", without_locks)
    with PredictionLog(tmp_path / "log") as log:
        log.append(answer(0, 1, 1))


@pytest.mark.parametrize(
    ("line", "words"),
    [(b"rubbish\n", "line 2 is damaged"), (b'{"index": -1, "name": "a", "label": 0}\n', "index"), (b"\0" * 70_000, "line 2 is damaged")],
    ids=["no JSON", "index", "no line"],
)
def test_damage_before_the_end_is_told(tmp_path: Path, line: bytes, words: str) -> None:
    path = tmp_path / "log"
    good = answer(0, 1, 1).model_dump_json().encode() + b"\n"
    path.write_bytes(good + line + good)
    with pytest.raises(EvaluationLost, match=words):
        list(PredictionLog(path).read())


def test_what_is_no_log_is_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(b"\1" * 100_000)
    with pytest.raises(EvaluationLost, match="cannot be written: it ends with a line"):
        PredictionLog(path).append(answer(0, 1, 1))
    assert path.stat().st_size == 100_000


def append_many(log: PredictionLog) -> None:
    for index in range(100):
        log.append(answer(index, 1, 1))


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    path, good = tmp_path / "log", answer(0, 1, 1)
    room = 10 * len(good.model_dump_json())
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    log = PredictionLog(path)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))  # what an admin's quota does, in the same words
        with pytest.raises(EvaluationLost, match=r"cannot be written: File too large.*then resume"):
            append_many(log)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    written = len(list(log.read()))
    assert 0 < written < 11
    assert path.read_bytes().endswith(b"\n"), "the line that did not fit is gone"
    log.append(answer(50, 1, 1))
    log.close()
    assert [record.index for record in log.read()] == [*range(written), 50]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvaluationLost, match="No such file"):
        PredictionLog(tmp_path / "none" / "log").append(answer(0, 1, 1))
    (tmp_path / "folder").mkdir()
    with pytest.raises(EvaluationLost, match="cannot be read"):
        list(PredictionLog(tmp_path / "folder").read())


def test_only_the_owner_and_his_group_read_it(tmp_path: Path) -> None:
    with PredictionLog(tmp_path / "log") as log:
        log.append(answer(0, 1, 1))
    assert os.stat(tmp_path / "log").st_mode & 0o027 == 0  # noqa: PTH116 - the mode alone


@pytest.mark.parametrize(
    "scores",
    [(), ((1, float("nan")),), ((1, 0.5), (2, float("inf"))), ((1, 0.5), (1, 0.25))],
    ids=["none", "NaN", "infinite", "a class twice"],
)
def test_scores_that_are_none_make_a_failure(scores: tuple[tuple[int, float], ...]) -> None:
    found = failure(0, 1).answered(Prediction(tuple(ClassScore(class_id, "", score) for class_id, score in scores), "fake"))
    assert (found.outcome, found.top, found.ok) == (SCORES_INVALID, (), False)


def test_an_answer_keeps_its_order_and_its_stages() -> None:
    scores = (ClassScore(5, "five", 0.5), ClassScore(3, "three", 0.5))
    found = failure(0, 3).answered(Prediction(scores, "stream", stages_s={"infer": 0.0123456}))
    assert (found.ok, found.top, found.stages_ms) == (True, ((5, 0.5), (3, 0.5)), {"infer": 12.346})


def test_classes_of_a_group_become_its_first() -> None:
    record = Record(index=0, name="a", label=1, top=((2, 0.5), (0, 0.3), (1, 0.2)))
    assert record.folded({1: 1, 2: 1}).top == ((1, 0.5), (0, 0.3), (1, 0.2))
    assert record.folded({}) is record


def test_a_line_of_an_older_run_has_no_type_and_no_size(tmp_path: Path) -> None:
    line = (
        '{"index":0,"name":"a.png","label":1,"outcome":"ok","top":[[1,0.9]],"stages_ms":{},"latency_ms":1.0,"session":0,"elapsed_s":0.1}\n'
    )
    (tmp_path / "log").write_text(line)
    (record,) = PredictionLog(tmp_path / "log").read()
    assert (record.format, record.width_px, record.height_px) == ("", 0, 0)
