"""Kustomize and the schemas of Kubernetes, both offline."""

import io
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
from ruamel.yaml import YAML

from tests.deploy.places import DEPLOY, ROOT

KUBERNETES = DEPLOY / "kubernetes"
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
COMPONENTS = sorted(path.name for path in (KUBERNETES / "components").iterdir())
VERSIONS = ("1.30", "1.34", "1.37")
TOOLS = ROOT / ".venv/kubernetes/bin"
SCHEMAS = {path.stem: json.loads(path.read_text("utf-8")) for path in (Path(__file__).parent / "schemas").glob("*.json")}

Object = dict[str, Any]


def rendered(folder: Path, overlay: str, components: Sequence[str] = ()) -> list[Object]:
    """The objects of an overlay with components, as a user would put them together; raises CalledProcessError."""
    folder.mkdir(parents=True, exist_ok=True)
    here = Path(os.path.relpath(KUBERNETES.resolve(), folder.resolve()))
    own = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "vision",
        "resources": [str(here / "overlays" / overlay)],
        "components": [str(here / "components" / name) for name in components],
    }
    (folder / "kustomization.yaml").write_text(json.dumps(own))
    text = subprocess.run([TOOLS / "kubectl", "kustomize", folder], capture_output=True, text=True, check=True).stdout
    return [dict(each) for each in YAML(typ="safe").load_all(io.StringIO(text))]


def faults(objects: Sequence[Object], folder: Path, version: str) -> str:
    """What the schemas of that version of Kubernetes and of the custom resources refuse; nothing if all is right."""
    own, foreign = [each for each in objects if each["kind"] not in SCHEMAS], [each for each in objects if each["kind"] in SCHEMAS]
    for each in foreign:
        for error in jsonschema.Draft202012Validator(SCHEMAS[each["kind"]]).iter_errors(each):
            return f"{each['kind']}/{each['metadata']['name']}: {error.json_path}: {error.message}"
    file = folder / "objects.yaml"
    with file.open("w") as stream:
        YAML(typ="safe").dump_all(own, stream)
    done = subprocess.run([TOOLS / "kubernetes-validate", "-k", version, "--strict", file], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def one(objects: Sequence[Object], kind: str, name: str = "classify") -> Object:
    """The object of that kind and name."""
    [found] = [each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found
