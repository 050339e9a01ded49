"""What is imported is declared: by the pyproject.toml of its package, as a dependency or of an extra."""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.test_house_rules import OFFLINE, PACKAGES, ROOT, SOURCES, VENDOR, imports, is_below, module_name

CLIENT, COMPILED = ROOT / "clients/python", ROOT / "mxbase_cpp"
DISTRIBUTIONS = {  # where it has another name than its module
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "google.protobuf": "protobuf",
    "grpc": "grpcio",
    "grpc_health": "grpcio-health-checking",
    "grpc_reflection": "grpcio-reflection",
    "opentelemetry": "opentelemetry-api",
    "opentelemetry.exporter.otlp.proto.http": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
# What no index has, or is of the package itself.
OTHERS = VENDOR - {"mindspore"} | {"moxing", "ascend_classify_client"}


def distribution(module: str) -> str:
    """The package that brings a module."""
    known = [name for name in DISTRIBUTIONS if f"{module}.".startswith(f"{name}.")]
    return DISTRIBUTIONS[max(known, key=len)] if known else module.partition(".")[0].replace("_", "-")


def declared(project: Path, *groups: str) -> set[str]:
    """The names of its dependencies, those of all extras, and those of these groups."""
    found = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    lists = [found["project"]["dependencies"], *found["project"].get("optional-dependencies", {}).values()]
    lists += [found["dependency-groups"][group] for group in groups]
    return {re.split(r"[^\w-]", each)[0].lower() for requirements in lists for each in requirements}


def undeclared(paths: Iterable[Path], known: set[str]) -> Iterator[str]:
    for path in paths:
        for module in imports(path):
            own = module.partition(".")[0] in {*PACKAGES, *OTHERS, *sys.stdlib_module_names}
            if not own and distribution(module) not in known:
                yield f"{path.relative_to(ROOT)}: {module}"


def test_every_import_is_declared() -> None:
    offline = [path for path in SOURCES if is_below(module_name(path), OFFLINE)]
    served = [path for path in SOURCES if path not in offline]
    assert [
        *undeclared(served, declared(ROOT)),
        *undeclared(offline, declared(ROOT, "training")),
        *undeclared(CLIENT.glob("*/*.py"), declared(CLIENT)),
        *undeclared(COMPILED.glob("mxclassify/*.py"), declared(COMPILED)),
    ] == []


def test_an_undeclared_import_is_noticed() -> None:
    exporter = ROOT / "server/telemetry/span_export.py"
    assert list(undeclared([exporter], declared(ROOT) - {"requests", "opentelemetry-exporter-otlp-proto-http"})) == [
        "server/telemetry/span_export.py: requests",
        "server/telemetry/span_export.py: opentelemetry.exporter.otlp.proto.http.trace_exporter",
        "server/telemetry/span_export.py: requests",
    ]


def test_every_dependency_has_a_lower_bound() -> None:
    """Except pydantic-core, of which pydantic takes one version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    assert [each for each in requirements if ">=" not in each and not each.startswith(project["name"])] == ["pydantic-core"]
