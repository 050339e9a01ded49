"""A host with a driver and Docker and nothing else, as far as it can be had here: the stand-in Atlas of the first hour."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import onnx

from convert.fold import unfold
from models.store import ModelStore
from tests.ascend_double.double import AscendDouble
from tests.convert.atc.standin_atc import __file__ as standin_atc
from tests.deploy.places import COMPOSE_V2, ROOT

CHIPS = 2
NODES = (*(f"davinci{chip}" for chip in range(CHIPS)), "davinci_manager", "devmm_svm", "hisi_hdc")
STEP_S = 240
PICTURES = {"cat": 285, "coffee": 967}


class BareHost:
    """Files below a folder: `atlas/dev` with the nodes of the chips, programs, weights, and a labelled set of the user."""

    def __init__(self, folder: Path, store: ModelStore) -> None:
        """`store` holds the model whose network is the user's file of weights."""
        self.folder, self.home = folder, folder / "home"
        self.clone = self.home / "ascend-classify"
        for place in ("home", "bin", "atlas/dev"):
            (folder / place).mkdir(parents=True)
        for node in NODES:
            (folder / "atlas/dev" / node).touch()
        self.double = AscendDouble(folder / "double")
        self.port, self.prometheus_port = _free_port(), _free_port()
        self._programs()
        self._files(store)

    def _programs(self) -> None:
        for name, command in (
            ("docker", f"HOUR={self.folder / 'hour.json'} exec {sys.executable} {ROOT / 'tests/hour/docker_stand_in.py'}"),
            ("atc", f"STANDIN_ATC_RECORD={self.folder / 'atc.record'} exec {sys.executable} {standin_atc}"),
        ):
            program = self.folder / "bin" / name
            program.write_text(f'#!/bin/sh\n{command} "$@"\n')
            program.chmod(0o755)
        places = {
            "folder": self.folder,
            "clone": self.clone,
            "root": self.folder / "atlas",
            "python": sys.executable,
            "engine_python": self.double.python,
            "compose": COMPOSE_V2,
            "port": self.port,
            "prometheus_port": self.prometheus_port,
        }
        (self.folder / "hour.json").write_text(json.dumps({name: str(place) for name, place in places.items()}))

    def _files(self, store: ModelStore) -> None:
        model = store.open("efficientnet_lite0")
        network = unfold(onnx.load(model.check_artifact("cpu")[1]))
        (self.home / "weights.onnx").write_bytes(network.SerializeToString())
        shutil.copy(model.check_labels(), self.home / "imagenet.names")
        (self.home / "val").mkdir()
        for name in PICTURES:
            photo = cv2.imread(str(ROOT / f"tests/photos/{name}.png"))
            assert photo is not None
            for number, quality in enumerate((95, 85, 75)):
                cv2.imwrite(str(self.home / f"val/{name}_{number}.jpg"), photo, (cv2.IMWRITE_JPEG_QUALITY, quality))
        labels = [f"{name}_{number}.jpg {class_id}\n" for name, class_id in PICTURES.items() for number in range(3)]
        (self.home / "val_label.txt").write_text("".join(labels))

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """A step's commands in the user's shell, as the page shows them."""
        environment = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "HOME": str(self.home), "COLUMNS": "140", "LANG": "C.UTF-8"}
        where = self.clone if self.clone.is_dir() else self.home
        done = subprocess.run(
            [
                "bash",
                "-euo",
                "pipefail",
                "-c",
                text.replace("localhost:8000", f"localhost:{self.port}").replace("URL", f"file://{ROOT}", 1),
            ],
            cwd=where,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STEP_S,
            check=False,
        )
        done.stdout = done.stdout.replace(str(self.folder), "").replace(f":{self.port}", ":8000")
        return done

    def close(self) -> None:
        """End the server and Prometheus, if they run."""
        for service in ("classify", "prometheus"):
            if (self.folder / f"{service}.pid").exists():
                self.run(f"docker compose stop {service}")


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])
