"""The summary of the SDK's samples, from folders whose accuracy is known; and the script, run as a script."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.pipeline_errors import ResultsInvalid
from pipelines.result_files import write_result
from pipelines.task_metric import TaskMetric, evaluate, main, measure, read_labels

SCRIPT = Path(__file__).parents[2] / "pipelines" / "classification_task_metric.py"
IDS = st.integers(0, 9)


def labels_file(folder: Path, text: str) -> Path:
    (folder / "val_label.txt").write_text(text, "utf-8")
    return folder / "val_label.txt"


def test_the_summary_is_that_of_the_samples() -> None:
    results = {"a": [7, 3, 1, 0, 2], "b": [3, 7, 1, 0, 2], "c": [0, 1, 2, 3, 4]}
    metric = measure(results, {"a.JPEG": 7, "b.JPEG": 7, "c.JPEG": 9})
    assert metric.summary() == {
        "title": "Overall statistical evaluation",
        "value": [
            {"key": "Number of images", "value": "3"},
            {"key": "Number of classes", "value": "2"},  # 7 and 9; the samples print the 5 of the top 5
            {"key": "Top1 accuracy", "value": "33.33%"},
            {"key": "Top2 accuracy", "value": "66.67%"},
            {"key": "Top3 accuracy", "value": "66.67%"},
            {"key": "Top4 accuracy", "value": "66.67%"},
            {"key": "Top5 accuracy", "value": "66.67%"},
        ],
    }


def test_a_missing_result_is_wrong_and_a_result_without_label_does_not_count() -> None:
    metric = measure({"a": [1], "stray": [1]}, {"a": 1, "b.png": 1})
    assert metric == TaskMetric(images=2, classes=1, hits=(1,), missing=("b.png",), unlabelled=("stray",))


def test_no_more_ranks_than_the_results_have_and_never_more_than_five() -> None:
    assert len(measure({"a": [1, 2]}, {"a": 1}).hits) == 2
    assert len(measure({"a": list(range(16))}, {"a": 1}).hits) == 5
    assert measure({"a": []}, {"a": 1}).summary()["value"] == [
        {"key": "Number of images", "value": "1"},
        {"key": "Number of classes", "value": "1"},
    ]


def test_names_are_found_with_and_without_their_ending(tmp_path: Path) -> None:
    text = "\ufeffplain.JPEG 1\nno_ending\t2\nsome.dots 3\nsome.more.dots.png 4\n\nwith blanks.jpg  5\r\nfolder/below.jpg 6\n"
    labels = read_labels(labels_file(tmp_path, text))
    stems = ["plain", "no_ending", "some.dots", "some.more.dots", "with blanks", "below"]
    metric = measure({stem: [number] for number, stem in enumerate(stems, start=1)}, labels)
    assert (metric.hits, metric.missing, metric.unlabelled) == ((6,), (), ())


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no labels"),
        ("a 1\nb\n", "line 2"),
        ("a one\n", "line 1"),
        ("a -1\n", "line 1"),
        ("a 1\na 2\n", "line 2"),
        ("a 1234567890\n", "line 1"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ResultsInvalid, match=complaint):
        read_labels(labels_file(tmp_path, text))


def test_files_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xe9 1\n")
    with pytest.raises(ResultsInvalid, match="UTF-8"):
        read_labels(tmp_path / "latin")
    with pytest.raises(ResultsInvalid, match="cannot be read"):
        read_labels(tmp_path / "none")
    with pytest.raises(ResultsInvalid, match="holds no results"):
        evaluate(tmp_path, tmp_path / "none")


@given(st.dictionaries(st.text("abc", min_size=1), st.lists(IDS), max_size=6), st.dictionaries(st.text("abc", min_size=1), IDS, min_size=1))
def test_hits_only_rise_and_are_never_more_than_the_results(results: dict[str, list[int]], labels: dict[str, int]) -> None:
    metric = measure(results, labels)
    assert list(metric.hits) == sorted(metric.hits)
    assert all(hits + len(metric.missing) <= metric.images for hits in metric.hits)
    assert len(metric.missing) + len(results) == metric.images + len(metric.unlabelled)


def test_the_script_with_the_arguments_of_the_samples(tmp_path: Path) -> None:
    (tmp_path / "result").mkdir()
    write_result(tmp_path / "result" / "a_1.txt", [4, 2])
    write_result(tmp_path / "result" / "stray_1.txt", [4, 2])
    labels_file(tmp_path, "a.JPEG 2\n" + "".join(f"b{number}.JPEG 3\n" for number in range(11)))
    command = [sys.executable, str(SCRIPT), "result/", "./val_label.txt", "./", "./result.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "warning: 11 of 12 images have no result and count as wrong: " + ", ".join(f"b{number}.JPEG" for number in range(10)) + ", …",
        "warning: 1 results have no label and do not count: stray",
    ]
    values = {row["key"]: row["value"] for row in json.loads((tmp_path / "result.json").read_text())["value"]}
    assert values == {"Number of images": "12", "Number of classes": "2", "Top1 accuracy": "0.00%", "Top2 accuracy": "8.33%"}


def test_the_script_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_result(tmp_path / "a_1.txt", [1])
    labels = str(labels_file(tmp_path, "a 1\n"))
    assert main([]) == 2
    assert main([str(tmp_path), str(tmp_path / "none"), str(tmp_path), "x.json"]) == 1
    assert main([str(tmp_path), labels, str(tmp_path / "none"), "x.json"]) == 1
    usage, unreadable, unwritable = capsys.readouterr().err.splitlines()
    assert usage.startswith("usage: classification_task_metric.py RESULT_DIR LABELS OUT_DIR JSON_NAME")
    assert unreadable.endswith("[results_invalid]")
    assert "x.json cannot be written" in unwritable
