"""The rules of the house, kept by machine: who imports whom, how long a file is, and that the README tells everything."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from models.model_errors import ClassifyError
from server.settings import Settings
from server.telemetry.metrics import Metrics

ROOT = Path(__file__).parent.parent
PACKAGES = ("server", "pipelines", "models", "convert")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if not path.stem.endswith("_pb2"))
CPP_SOURCES = sorted(path for ending in ("cpp", "h") for path in (ROOT / "mxbase_cpp").rglob(f"*.{ending}"))
README = (ROOT / "README.md").read_text("utf-8")

MAX_LINES = 300
MAX_FUNCTION_LINES = 50
OFFLINE = ("models.resnext", "models.training")  # imported by nothing that serves; its environment has MindSpore
VENDOR = {"StreamManagerApi", "MxpiDataType_pb2", "mindx", "mxclassify", "mindspore", "torch"}

# From the top down; a module may import from its own layer and from those below. The first prefix that fits decides.
LAYERS = (
    ("server.cli", "server.__main__"),
    ("server.app",),
    ("server.http",),
    ("server.api", "server.web"),
    ("server.evaluation", "server.parity"),
    ("server.serving",),
    ("server.engines",),
    ("server.images", "server.telemetry"),
    ("server",),
    ("pipelines",),
    ("models",),
)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer(module: str) -> int:
    return next(rank for rank, prefixes in enumerate(LAYERS) if any(module == p or module.startswith(f"{p}.") for p in prefixes))


def is_offline(module: str) -> bool:
    return module.startswith(OFFLINE)


def imports(path: Path, *, top_level: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    for node in tree.body if top_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_go_downward(path: Path) -> None:
    module = module_name(path)
    for imported in imports(path):
        top = imported.partition(".")[0]
        if top == "convert" and not module.startswith("convert"):
            assert layer(module) == 0, "only the command line reaches the offline tools"
            assert imported not in imports(path, top_level=True), "and only when they are asked for"
        elif module.startswith("convert") and top in PACKAGES:
            assert top in ("convert", "pipelines", "models")
        elif top in PACKAGES:
            assert layer(module) <= layer(imported), f"{module} imports {imported}, which stands above it"


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_training_stays_offline(path: Path) -> None:
    for imported in imports(path):
        if is_offline(module_name(path)):
            assert (
                imported.partition(".")[0] not in PACKAGES or is_offline(imported) or imported in ("models.model_errors", "models.manifest")
            )
        else:
            assert not is_offline(imported)


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_vendor_modules_are_imported_where_they_are_opened(path: Path) -> None:
    vendor = VENDOR - {"mindspore"} if is_offline(module_name(path)) else VENDOR
    assert not vendor & {name.partition(".")[0] for name in imports(path, top_level=True)}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_openvino_is_imported_quietly(path: Path) -> None:
    assert path.stem == "quiet_openvino" or "openvino" not in {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_only_the_settings_read_the_environment(path: Path) -> None:
    if path.parent.name == "compat":
        return  # stands in for the vendor's module, whose only way to be told anything is the environment
    text = path.read_text("utf-8")
    assert not re.search(r"\bos\.(environ|getenv)\b", text)


@pytest.mark.parametrize(
    "path",
    [*SOURCES, *sorted(path for path in (ROOT / "tests").rglob("*.py") if path.parent.name != "conformance")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION_LINES, f"{node.name} is too long"


@pytest.mark.parametrize("path", CPP_SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_c_plus_plus_files_are_short(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) <= MAX_LINES
    assert max(map(len, lines)) <= 140


def test_no_file_is_named_for_nothing() -> None:
    assert not [path for path in SOURCES if path.stem in ("utils", "common", "helpers", "misc")]


def has_code(path: Path) -> bool:
    functions = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(len(function.body) > 1 or not isinstance(function.body[0], ast.Expr) for function in functions)  # else a Protocol's


def test_the_tests_mirror_the_source() -> None:
    """Every module with a function has a test file of its name in the same folder below tests/."""
    missing = []
    for path in SOURCES:
        below = path.relative_to(ROOT)
        stem = below.parent.name if path.stem == "__init__" else path.stem
        folder = below.parent.parent if path.stem == "__init__" else below.parent
        if has_code(path) and not (ROOT / "tests" / folder / f"test_{stem}.py").is_file():
            missing.append(str(below))
    assert missing == []


def error_codes(root: type[ClassifyError] = ClassifyError) -> set[str]:
    return {root.code}.union(*(error_codes(child) for child in root.__subclasses__()))


def test_every_setting_is_in_the_readme() -> None:
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in README] == []


def test_every_metric_is_in_the_readme() -> None:
    names = {family.name for family in Metrics().registry.collect() if family.name.startswith("classify_")}
    assert sorted(name for name in names if f"`{name}" not in README) == []


def test_every_error_code_is_in_the_readme() -> None:
    for path in SOURCES:  # so that the tree is complete
        module = module_name(path)
        if path.stem != "__main__" and (not is_offline(module) or path.stem.endswith("_errors")):
            __import__(module)
    assert sorted(code for code in error_codes() - {"error"} if f"`{code}`" not in README) == []


@pytest.mark.parametrize(
    "route",
    [
        "POST /classify",
        "POST /classify/batch",
        "POST /evaluate",
        "GET /evaluate",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
        "GET /info",
        "GET /docs",
        "GET /",
    ],
)
def test_every_route_is_in_the_readme(route: str) -> None:
    assert f"`{route}`" in README


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_changelog_knows_this_version() -> None:
    assert f"## {version('ascend-classify')} " in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == version("ascend-classify")
