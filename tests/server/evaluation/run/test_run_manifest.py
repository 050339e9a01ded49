"""Some settings may change between a run and its continuation, others may not."""

from server.evaluation.run.run_manifest import ServedCalibration, in_words
from tests.server.evaluation.made_run import made_manifest


def test_the_times_may_differ_and_nothing_else() -> None:
    before = made_manifest(9, versions={"openvino": "1"}, started_at="yesterday")
    assert before.differences(made_manifest(9, versions={"openvino": "1"}, started_at="today", ended_at="now")) == {}
    assert before.differences(made_manifest(9, model_sha256="e" * 64)) == {
        "model_sha256": ("a" * 64, "e" * 64),
        "versions": ({"openvino": "1"}, {}),
    }


def test_it_comes_back_from_json() -> None:
    manifest = made_manifest(9, gears=(1, 8), machine={"cores": "2"}, limit=9)
    assert type(manifest).model_validate_json(manifest.model_dump_json()) == manifest


def test_a_run_of_an_earlier_version_is_the_same_run() -> None:
    former = made_manifest(9, runtime="host")
    assert former.runtime == "cpu"
    assert former.differences(made_manifest(9)) == {}
    assert made_manifest(9).differences(made_manifest(9, runtime="ascend")) == {"runtime": ("cpu", "ascend")}


def test_fields_are_told_in_words() -> None:
    values: list[object] = [(), (1, 2), ["a note"], {"python": "3.11", "cores": ("1", "2")}, {}, None, "", 0]
    assert [in_words(value) for value in values] == ["nothing", "1, 2", "a note", "python 3.11, cores 1, 2", *["nothing"] * 3, "0"]


def test_a_calibration_is_told_and_changes_no_figure() -> None:
    fitted = ServedCalibration(temperature=0.47, evaluation="a77049bf", images=1800, ece_before=0.0919, ece_after=0.0102)
    with_it, without = made_manifest(9, calibration=fitted), made_manifest(9)
    assert with_it.differences(without) == {}
    assert with_it.calibration_words == (
        "The scores here are the model's own. Answers have calibrated ones, with the temperature 0.4700 of the evaluation a77049bf: "
        "on 1,800 other images of that evaluation the expected calibration error is 0.0102 with it, and 0.0919 without."
    )
    assert without.calibration_words.endswith("they are not calibrated.")
