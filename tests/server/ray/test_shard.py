"""The part of one actor, without Ray: it answers as a run in one process does."""

import os
import pickle
from pathlib import Path

from server.cli.flags import load_settings
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_opening import open_labelled_set
from server.evaluation.jobs.evaluation_job import EvaluationRequest
from server.evaluation.run.local_run import evaluate
from server.evaluation.run.records import PredictionLog, Record
from server.evaluation.run.run_folder import RunFolder
from server.ray.shard import Shard, ShardRow, rows_of, without_rows
from tests.level_model import CLASSES, store_level_model
from tests.server.evaluation.level_sets import make_level_set


def answer_of(record: Record) -> dict[str, object]:
    return record.model_dump(exclude={"latency_ms", "elapsed_s", "stages_ms"})


def test_batches_have_the_records_of_one_run(tmp_path: Path) -> None:
    model = store_level_model(tmp_path / "store")
    made = make_level_set(tmp_path / "val", 120, damaged=True)
    (made.folder / "3.png").unlink()
    settings, request = load_settings(model_store=tmp_path / "store", model="level", engines="stream"), EvaluationRequest(dataset="val")
    folder = RunFolder(tmp_path / "run")
    evaluate(settings, made.folder, None, request, folder, lambda _: None)
    alone = {record.index: answer_of(record) for record in PredictionLog(folder.log).read()}

    labelled = open_labelled_set(RootFiles(made.folder, follow_links=True), None, model.read_class_names())
    frame = pickle.loads(pickle.dumps(without_rows(labelled)))  # noqa: S301 - our own, as Ray sends it
    shard = Shard(settings, frame, request)
    try:
        records = [record for begin in (50, 0) for record in shard.answer(rows_of(labelled, list(range(begin, 120 if begin else 50))))]
    finally:
        shard.close()
    assert {record.index: answer_of(record) for record in records} == alone
    assert {record.outcome for record in records} == {"ok", "undecodable_image", "unreadable"}
    manifest = shard.manifest.model_copy(update={"listed": len(labelled), "labelled": labelled.labelled, "list_sha256": labelled.sha256})
    assert (len(frame), shard.manifest.classes) == (0, CLASSES)
    assert folder.manifest().differences(manifest) == {}


def test_names_need_not_be_utf_8(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.png")
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / name).write_bytes(b"")
    labelled = open_labelled_set(RootFiles(tmp_path), None, ("0", "1"))
    assert [row.file for row in rows_of(labelled, [0])] == [b"1/\xff.png"]
    assert isinstance(rows_of(labelled, [0])[0], ShardRow)
