"""`evaluate --compare` with its page and its pictures, on real runs."""

import re
from pathlib import Path

from tests.level_model import level_png, store_level_model
from tests.server.cli import command

LEVELS = (4, 20, 36)


def evaluated(tmp_path: Path, name: str, shift: int) -> str:
    """Evaluates a set of one image a class, one of them too bright by `shift`, and returns the id of the run."""
    for level in LEVELS:  # the class is a quarter of it
        (tmp_path / name / str(level // 4)).mkdir(parents=True)
        (tmp_path / name / f"{level // 4}/x.png").write_bytes(level_png(level + (shift if level == LEVELS[1] else 0)))
    done = run(tmp_path, tmp_path / name)
    (run_id,) = re.findall(r"kept in \S+/(\w+)", done)
    return str(run_id)


def run(tmp_path: Path, *arguments: object, code: int = 0) -> str:
    kept = {"MODEL_STORE": str(tmp_path / "store"), "MODEL": "level", "EVALUATION_DIR": str(tmp_path / "kept")}
    done = command.run("evaluate", *arguments, **kept)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_a_page_with_the_pictures_of_the_set(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    a, b = evaluated(tmp_path, "plain", 0), evaluated(tmp_path, "bright", 100)
    page = tmp_path / "page.html"
    told = run(tmp_path, "--compare", a, b, "--html", page, "--language", "zh")
    assert "only A 1, only B 0" in told
    assert page.read_text().count("data:image/jpeg") == 0
    assert '<html lang="zh-CN">' in page.read_text()
    run(tmp_path, tmp_path / "plain", "--compare", a, b, "--html", page)
    assert page.read_text().count("data:image/jpeg") == 1
    assert "5/x.png" in page.read_text()
    (tmp_path / "plain/5").rename(tmp_path / "plain/kitty")
    (tmp_path / "bright/5").rename(tmp_path / "bright/kitty")
    named = ["--map", "kitty=5"]
    a, b = (re.findall(r"kept in \S+/(\w+)", run(tmp_path, tmp_path / name, *named))[0] for name in ("plain", "bright"))
    run(tmp_path, tmp_path / "plain", "--compare", a, b, "--html", page, *named)
    assert page.read_text().count("data:image/jpeg") == 1
    (tmp_path / "plain/kitty").rename(tmp_path / "plain/5")
    (tmp_path / "plain/5/x.png").rename(tmp_path / "plain/5/y.png")
    assert "not those of the two runs" in run(tmp_path, tmp_path / "plain", "--compare", a, b, "--html", page, code=2)
