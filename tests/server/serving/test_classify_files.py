"""Files from the command line through the engine: more of them than the window takes."""

import csv
import io
from pathlib import Path

import pytest

from models.store_writer import set_calibration
from server.cli.flags import load_settings
from server.errors import UnsupportedImage
from server.images.file_errors import FileUnreadable, NoImages
from server.serving.classify_files import classify_files, find_images, print_outcomes
from server.types import Prediction
from tests.level_model import level_png, level_scores, store_level_model
from tests.server.calibration.calibration_made import made_calibration


def test_outcomes_keep_the_order_of_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store_level_model(tmp_path / "store")
    files = [tmp_path / f"{number}.png" for number in range(20)]
    for number, file in enumerate(files):
        file.write_bytes(level_png(4 * number) if number != 7 else b"rubbish")
    settings = load_settings(model_store=tmp_path / "store", model="level", window=3)
    outcomes = list(classify_files(settings, [*files, tmp_path / "missing.png"]))
    assert [path for path, _ in outcomes] == [*files, tmp_path / "missing.png"]
    found = [outcome.scores[0].class_id if isinstance(outcome, Prediction) else type(outcome) for _, outcome in outcomes]
    assert found == [*range(7), UnsupportedImage, *range(8, 20), FileUnreadable]
    assert print_outcomes(iter(outcomes), top_k=1) == 2
    assert "level 76" in capsys.readouterr().out
    assert print_outcomes(iter(outcomes), 2, "csv") == 2
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 2 * 19 + 2
    assert [(row["image"], row["rank"], row["class_id"]) for row in rows if row["rank"] == "1"] == [
        (str(tmp_path / f"{number}.png"), "1", str(number)) for number in range(20) if number != 7
    ]
    assert [row["code"] for row in rows if row["error"]] == [UnsupportedImage.code, FileUnreadable.code]


def test_images_are_found_in_the_order_named_and_below_folders(tmp_path: Path) -> None:
    for name in (
        "b.png",
        "below/a.JPG",
        "below/deeper/c.webp",
        "below/notes.txt",
        "below/d",
        "below/.e.png",
        "below/__MACOSX/f.png",
        "named.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "below/d").write_bytes(level_png(0))
    found = find_images([tmp_path / "named.txt", tmp_path / "below", tmp_path / "missing.png"])
    names = [str(path.relative_to(tmp_path)) for path in found]
    assert names == ["named.txt", "below/a.JPG", "below/d", "below/deeper/c.webp", "missing.png"]
    (tmp_path / "empty").mkdir()
    for places in ([], [tmp_path / "empty"]):
        with pytest.raises(NoImages, match="There are no images"):
            find_images(places)


def test_scores_are_calibrated_where_that_is_asked_for(tmp_path: Path) -> None:
    """`classify` prints what the server answers; the golden image and parity look at the model itself."""
    model = store_level_model(tmp_path / "store")
    set_calibration(model, made_calibration(model, temperature=5.0))
    (tmp_path / "a.png").write_bytes(level_png(40))
    settings = load_settings(model_store=tmp_path / "store", model="level", runtime="cpu")
    (_, plain), (_, calibrated) = (next(classify_files(settings, [tmp_path / "a.png"], calibrated=each)) for each in (False, True))
    assert isinstance(plain, Prediction)
    assert isinstance(calibrated, Prediction)
    assert plain.score_type == "probability"
    assert plain.scores[0].score == pytest.approx(1, abs=1e-5)
    powers = level_scores(40) ** (1 / 5)
    assert (calibrated.score_type, calibrated.scores[0].class_id) == ("calibrated", 10)
    assert calibrated.scores[0].score == pytest.approx(powers[10] / powers.sum(), abs=1e-3)
