"""deploy/docker_start_infer.sh, with a stand-in for docker that writes down how it was called."""

import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy/docker_start_infer.sh"
RECORDER = """#!/bin/sh
printf '%s\\0' "$@" > "$RECORD"
"""


class Host:
    """A machine with a docker that only writes, and with the chips that are asked for."""

    def __init__(self, folder: Path, chips: int) -> None:
        self.folder = folder
        for name in ("bin", "dev", "Ascend/driver", "dcmi", "my models", "data"):
            (folder / name).mkdir(parents=True)
        (folder / "bin/docker").write_text(RECORDER)
        (folder / "bin/docker").chmod(0o755)
        for name in [*(f"davinci{chip}" for chip in range(chips)), "davinci_manager", "devmm_svm", "hisi_hdc"] if chips else []:
            (folder / "dev" / name).touch()

    def start(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        paths = {"ASCEND_DEVICES": "dev", "ASCEND_HOME": "Ascend", "DCMI": "dcmi", "NPU_SMI": "npu-smi", "RECORD": "record"}
        return subprocess.run(
            [SCRIPT, *arguments],
            env={"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"} | {k: str(self.folder / v) for k, v in paths.items()} | environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def call(self) -> list[str]:
        return (self.folder / "record").read_text().split("\0")[:-1]


def values(call: list[str], flag: str) -> list[str]:
    return [value for before, value in pairwise(call) if before == flag]


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    scripts = [SCRIPT, *(ROOT / "deploy").glob("*.sh"), *(ROOT / "tests/image").rglob("*.sh")]
    result = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


def test_on_four_chips(tmp_path: Path) -> None:
    host = Host(tmp_path, chips=4)
    result = host.start("image:1", "my models", "data", MODEL="resnext101_32x4d", PORT="9000", ASCEND_GID="1001", API_KEY="secret")
    assert (result.returncode, result.stderr) == (0, "")
    call = host.call()
    assert (call[0], call[-1]) == ("run", "image:1")
    (tmp_path / "dev/dvpp_cmdlist").touch()
    host.start("image:1", "my models", "data", ASCEND_GID="1001")
    assert f"{tmp_path}/dev/dvpp_cmdlist" in values(host.call(), "--device")
    names = ("davinci0", "davinci1", "davinci2", "davinci3", "davinci_manager", "devmm_svm", "hisi_hdc")
    assert values(call, "--device") == [f"{tmp_path}/dev/{name}" for name in names]
    driver = [f"{tmp_path}/Ascend/driver:{tmp_path}/Ascend/driver:ro", f"{tmp_path}/dcmi:{tmp_path}/dcmi:ro"]
    assert values(call, "--volume") == [*driver, f"{tmp_path}/my models:/models:ro", f"{tmp_path}/data:/data:ro"]
    assert values(call, "--group-add") == ["1001"]
    assert values(call, "--publish") == ["127.0.0.1:9000:8000"]
    assert values(call, "--env") == ["MODEL", "API_KEY", "EVALUATION_ROOTS=data=/data"]
    assert {"--read-only", "--rm"} < set(call)
    assert "--privileged" not in call
    assert "secret" not in call


def test_on_a_cpu(tmp_path: Path) -> None:
    host = Host(tmp_path, chips=0)
    result = host.start("image:1", "my models", "data", LISTEN="0.0.0.0")
    assert result.returncode == 0
    assert "has only a CPU" in result.stderr
    assert values(host.call(), "--device") == values(host.call(), "--group-add") == []
    assert values(host.call(), "--publish") == ["0.0.0.0:8000:8000"]


def test_grpc_and_files_of_settings(tmp_path: Path) -> None:
    host = Host(tmp_path, chips=0)
    (tmp_path / "config").mkdir()
    files = {"CONFIG_DIR": "config", "TLS_CERT": "cert.pem", "TLS_KEY": "key.pem", "MODELS_FILE": "models.toml"}
    assert host.start("image:1", "my models", "data", GRPC_PORT="9001", MODELS="a,b", **files).returncode == 0
    assert values(host.call(), "--publish") == ["127.0.0.1:9001:9001", "127.0.0.1:8000:8000"]
    assert values(host.call(), "--volume")[0] == f"{tmp_path}/config:/etc/ascend-classify:ro"
    assert values(host.call(), "--env")[:-1] == ["GRPC_PORT", "TLS_CERT", "TLS_KEY", "MODELS", "MODELS_FILE"]
    refused = host.start("image:1", "my models", "data", CONFIG_DIR="nowhere")
    assert (refused.returncode, refused.stderr) == (2, "There is no folder nowhere, which CONFIG_DIR names.\n")


@pytest.mark.parametrize(
    ("arguments", "missing", "message"),
    [
        (["image:1", "my models"], "", "Usage: deploy/docker_start_infer.sh IMAGE MODEL_DIR DATA_DIR"),
        (["image:1", "nowhere", "data"], "", "There is no folder nowhere."),
        (["image:1", "my models", "nowhere"], "", "There is no folder nowhere."),
        (["image:1", "my models", "data"], "dev/hisi_hdc", "hisi_hdc: is the driver loaded?"),
        (["image:1", "my models", "data"], "Ascend/driver", "Ascend/driver: install the driver"),
    ],
)
def test_refusals(tmp_path: Path, arguments: list[str], missing: str, message: str) -> None:
    host = Host(tmp_path, chips=1)
    if missing:
        path = tmp_path / missing
        path.rmdir() if path.is_dir() else path.unlink()
    result = host.start(*arguments, ASCEND_GID="1000")
    assert result.returncode == 2
    assert message in result.stderr
    assert not (tmp_path / "record").exists()
