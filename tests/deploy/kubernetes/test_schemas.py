"""Every object is valid under the schemas of three versions of Kubernetes and of the custom resources, strictly and offline."""

import copy
from pathlib import Path

import pytest

from tests.deploy.kubernetes.rendering import COMPONENTS, SCHEMAS, VERSIONS, Object, faults, one, rendered


@pytest.mark.parametrize("version", VERSIONS)
def test_all_objects_are_valid(objects: list[Object], tmp_path: Path, version: str) -> None:
    assert faults(objects, tmp_path, version) == ""
    assert {each["kind"] for each in objects} >= {"ServiceMonitor", "PrometheusRule", "ScaledObject", "HTTPRoute", "Deployment"}


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_component_goes_with_each_overlay(overlay: str, component: str, tmp_path: Path) -> None:
    assert faults(rendered(tmp_path, overlay, [component]), tmp_path, VERSIONS[-1]) == ""


@pytest.mark.parametrize(
    ("kind", "path", "words"),
    [
        ("Deployment", ("spec", "template", "spec", "containers", 0), "readynessProbe"),
        ("PodDisruptionBudget", ("spec",), "maxUnavalable"),
        ("ServiceMonitor", ("spec", "endpoints", 0), "intervall"),
        ("ScaledObject", ("spec", "triggers", 0), "metdata"),
        ("HTTPRoute", ("spec", "rules", 0), "backends"),
        ("PrometheusRule", ("spec", "groups", 0, "rules", 0), "expression"),
    ],
)
def test_a_wrong_name_is_found(objects: list[Object], tmp_path: Path, kind: str, path: tuple[str | int, ...], words: str) -> None:
    wrong = copy.deepcopy(one(objects, kind))
    place = wrong
    for step in path:
        place = place[step]  # type: ignore[index]
    place[words] = {}
    assert words in faults([wrong], tmp_path, VERSIONS[-1])


def test_the_schemas_leave_no_object_open() -> None:
    for schema in SCHEMAS.values():
        assert schema["properties"]["spec"]["additionalProperties"] is False
