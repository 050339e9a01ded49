"""An Atlas 300 laid out below a folder: real files, owners, modes and device nodes, all of them stand-ins."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convert.aipp import aipp_of, render_aipp
from models.manifest import Artifact
from models.store import sha256_of, zoo_manifest
from server.cli.doctor.case import Case, open_case
from server.cli.doctor.finding import Finding
from server.cli.doctor.machine import Machine
from server.settings import Settings
from tests.convert.inspection.models_made import make_om, tell_provenance
from tests.server.engines.npu_smi_made import npu_smi, table

USER, GROUP = 9000, 1001  # hwMindX, and HwHiAiUser as the host numbers it
SDK = "/usr/local/sdk_home/mxManufacture"
CANN = "/usr/local/Ascend/nnrt/latest/lib64"
DRIVER = "/usr/local/Ascend/driver"
LIBRARY_FOLDERS = tuple(f"{SDK}/{folder}" for folder in ("lib/modelpostprocessors", "lib", "opensource/lib", "opensource/lib64"))
PLUGIN_FOLDERS = (f"{SDK}/opensource/lib/gstreamer-1.0", f"{SDK}/lib/plugins")
SCANNER = f"{SDK}/opensource/libexec/gstreamer-1.0/gst-plugin-scanner"
NODES = ("davinci0", "davinci1", "davinci2", "davinci3", "davinci_manager", "devmm_svm", "hisi_hdc")
REGISTRY = "/home/classify/.cache/gstreamer-1.0/registry.x86_64.bin"
MEMORY_KB = 16 << 20


class Atlas:
    """A healthy one, to be spoilt; it takes root to make."""

    def __init__(self, root: Path, chip: str = "310") -> None:
        self.root = root
        self.uid = USER
        self.gids = {USER, GROUP}
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin",
            "HOME": "/home/classify",
            "MX_SDK_HOME": f"{SDK}/",  # as the vendor's images have it
            "LD_LIBRARY_PATH": ":".join((*LIBRARY_FOLDERS, CANN, f"{DRIVER}/lib64", f"{DRIVER}/lib64/driver/")),
            "GST_PLUGIN_PATH": ":".join(PLUGIN_FOLDERS),
            "GST_PLUGIN_SCANNER": SCANNER,
            "PYTHONPATH": f"{SDK}/python",
        }
        self.settings: dict[str, Any] = {
            "model": "resnext101_32x4d",
            "model_store": root / "models",
            "evaluation_dir": root / "evaluations",
            "port": 0,
        }
        self._system(chip)
        self._sdk()
        self._model()
        for owned in (SDK, "/models", "/evaluations"):
            self.own(owned)
        self.write(REGISTRY)  # last: it is newer than the plugins
        self.own("/home/classify")

    def path(self, place: str) -> Path:
        return self.root / place.lstrip("/")

    def write(self, place: str, text: str | bytes = "", mode: int = 0o644) -> Path:
        path = self.path(place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def own(self, place: str, uid: int = USER) -> None:
        for path in (self.path(place), *self.path(place).rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)

    def node(self, name: str, gid: int = GROUP, mode: int = 0o660) -> None:
        path = self.path(f"/dev/{name}")
        path.unlink(missing_ok=True)
        os.mknod(path, stat.S_IFCHR, os.makedev(1, 3))  # what /dev/null is
        os.chown(path, 0, gid)
        path.chmod(mode)

    def process(self, pid: int, command: str, *links: str) -> None:
        """A process that holds open files."""
        files = self.path(f"/proc/{pid}/fd")
        files.mkdir(parents=True)
        self.write(f"/proc/{pid}/cmdline", command.replace(" ", "\0"))
        for number, link in enumerate(links):
            (files / str(number)).symlink_to(link)

    def chips(self, *chips: tuple[str, str]) -> None:
        """The output of npu-smi: names and healths."""
        npu_smi(self.path("/usr/local/bin"), table(*chips))

    def container(self) -> None:
        """Look like the inside of one."""
        self.write("/.dockerenv")

    @property
    def om(self) -> Path:
        return self.root / "models/resnext101_32x4d/resnext101_32x4d.Ascend310.om"

    def case(self, **settings: Any) -> Case:
        machine = Machine(self.environment, self.root, self.uid, frozenset(self.gids))
        return open_case(machine, Settings(**self.settings | settings))

    def found(self, check: Callable[[Case], Any], status: str = "problem", **settings: Any) -> list[tuple[str, str]]:
        """(what, remedy) of a check's findings of a status."""
        findings: list[Finding] = list(check(self.case(**settings)))
        return [(finding.what, finding.remedy) for finding in findings if finding.status == status]

    def _system(self, chip: str) -> None:
        for folder in ("/dev", "/tmp", "/evaluations", "/usr/local/bin", "/proc", "/etc"):  # noqa: S108 - below the root
            self.path(folder).mkdir(parents=True)
        self.path("/tmp").chmod(0o1777)  # noqa: S108
        for name in NODES:
            self.node(name)
        self.write("/etc/passwd", f"root:x:0:0::/root:/bin/sh\nclassify:x:{USER}:{USER}::/home/classify:/bin/sh\n")
        self.write("/etc/group", f"root:x:0:\nHwHiAiUser:x:{GROUP}:classify\nclassify:x:{USER}:\n")
        self.write("/proc/meminfo", f"MemTotal: 99999999 kB\nMemAvailable: {MEMORY_KB} kB\n")
        self.write(f"{DRIVER}/version.info", "Version=21.0.2\nascendhal_version=4.0.0\n")
        self.write(f"{DRIVER}/lib64/driver/libascend_hal.so")
        self.write(f"{CANN}/libascendcl.so")
        self.chips(*[(chip, "OK")] * 4)

    def _sdk(self) -> None:
        self.write(f"{SDK}/version.info", "MindX SDK mxVision:7.3.0\nmxVision version:7.3.0\nPlat: linux x86_64\n", 0o440)
        self.write(f"{SDK}/set_env.sh", "", 0o500)
        for library in ("lib/libmxbase.so", "lib/modelpostprocessors/libresnet50postprocess.so", "opensource/lib64/libx.so"):
            self.write(f"{SDK}/{library}", mode=0o440)
        for plugin in ("lib/plugins/libmxpi_tensorinfer.so", "opensource/lib/gstreamer-1.0/libgstapp.so"):
            self.write(f"{SDK}/{plugin}", mode=0o440)
        self.write(SCANNER, mode=0o500)
        self.write(f"{SDK}/python/StreamManagerApi.py", mode=0o440)
        self.write(f"{SDK}/python/_StreamManagerApi.so", b"\x7fELF\0libpython3.abi\0", 0o440)

    def _model(self) -> None:
        folder = self.om.parent
        folder.mkdir(parents=True)
        zoo = zoo_manifest("resnext101_32x4d")
        (folder / zoo.labels).write_text("".join(f"class {number}\n" for number in range(zoo.classes)))
        (folder / "aipp.config").write_text(render_aipp(aipp_of(zoo, "rgb888"), zoo))
        make_om(self.om)
        command = "atc --framework=5 --insert_op_conf=aipp.config --soc_version=Ascend310"
        artifact = Artifact(file=self.om.name, sha256=sha256_of(self.om), soc="Ascend310", batch_sizes=(1, 2), command=command)
        labels = {"labels_sha256": sha256_of(folder / zoo.labels), "artifacts": (artifact,)}
        zoo.model_copy(update=labels).write(folder / "manifest.toml")
        tell_provenance(self.om, command=command)
