from pathlib import Path

from tests.server.cli.command import run


def test_aipp_renders_writes_and_checks(tmp_path: Path) -> None:
    shown = run("convert", "aipp", "resnext101_32x4d", "--model-store", tmp_path)
    assert shown.returncode == 0
    assert "    min_chn_0 : 123.675\n" in shown.stdout

    config = tmp_path / "aipp.config"
    written = run("convert", "aipp", "resnext101_32x4d", "-o", config, "--model-store", tmp_path)
    assert (written.returncode, written.stdout) == (0, f"{config} is written\n")
    assert config.read_text() == shown.stdout
    assert config.stat().st_mode & 0o777 == 0o640

    checked = run("convert", "aipp", "resnext101_32x4d", "--check", config, "--model-store", tmp_path)
    assert (checked.returncode, checked.stdout) == (0, f"{config} does what resnext101_32x4d wants of RGB888_U8\n")


def test_a_difference_is_a_refusal(tmp_path: Path) -> None:
    config = tmp_path / "aipp.config"
    run("convert", "aipp", "resnext101_32x4d", "--source", "yuv420sp", "-o", config, "--model-store", tmp_path)
    checked = run("convert", "aipp", "efficientnet_lite0", "--check", config, "--model-store", tmp_path)
    assert checked.returncode == 1
    assert checked.stderr.startswith("error: src_image_size_w is 256, but efficientnet_lite0 needs 224. ")
    assert checked.stderr.endswith("[aipp_invalid]\n")
