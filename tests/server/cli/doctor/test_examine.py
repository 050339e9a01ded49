"""Everything together: a healthy Atlas, and machines without chips."""

import pytest

from server.cli.doctor.diagnosis import Diagnosis
from server.cli.doctor.examine import examine
from server.cli.doctor.finding import Section
from server.cli.doctor.machine import Machine
from server.cli.doctor_command import _inspect
from server.settings import Settings
from tests.server.cli.doctor.atlas import SDK, Atlas


def look(atlas: Atlas, **settings: object) -> Diagnosis:
    case = atlas.case(**settings)
    return examine(case.machine, case.settings, _inspect)


def test_a_healthy_atlas(atlas: Atlas) -> None:
    report = look(atlas)
    findings = [(section.name, each.status, each.what) for section in report.sections for each in section.findings]
    assert [finding for finding in findings if finding[1] != "ok" and finding[0] != "Engines"] == []
    assert report.serves == "The SDK serves resnext101_32x4d on 4 chips."
    assert [section.name for section in report.sections] == [
        "Program",
        "Chips",
        "Driver",
        "SDK",
        "Python of the SDK",
        "Home",
        "Model",
        "Engines",
        "Network",
        "Resources",
    ]
    assert all(section.findings for section in report.sections)


def test_chips_without_the_sdk_are_not_passed_over(atlas: Atlas) -> None:
    atlas.environment["PYTHONPATH"] = ""
    report = look(atlas)
    program = report.sections[0].findings[-1]
    assert program.status == "problem"
    assert program.what == "chips are here, but the SDK's Python module is not: the CPU runtime would serve"
    assert program.remedy == f"source {SDK}/set_env.sh, or to mean it: export RUNTIME=cpu"
    assert report.serves == "No SDK for the chips: the CPU runtime would serve resnext101_32x4d."


def test_chips_that_are_not_wanted_are_left_alone(atlas: Atlas) -> None:
    report = look(atlas, runtime="cpu")
    assert [section.name for section in report.sections] == ["Program", "Chips", "Model", "Engines", "Network", "Resources"]
    assert report.serves == "RUNTIME=cpu: the CPU runtime would serve resnext101_32x4d."  # it has an OM only


def test_root_is_remarked_on(atlas: Atlas) -> None:
    atlas.uid = 0
    assert look(atlas).sections[0].findings[1].what == "it runs as root; the SDK takes that, and a user of its own is safer"


def test_the_fake_engine_needs_nothing() -> None:
    report = examine(Machine({}), Settings(engines="fake", port=0), _inspect)
    assert (report.serves, report.well) == ("The fake engine serves, without a model.", True)


def test_what_cannot_be_read_is_a_problem_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_case: object) -> list[object]:
        raise PermissionError(13, "Permission denied", "/closed")

    monkeypatch.setattr("server.cli.doctor.examine.check_model", lambda case, _inspect: closed(case))
    report = examine(Machine({}), Settings(port=0), _inspect)
    section = next(section for section in report.sections if section.name == "Model")
    assert isinstance(section, Section)
    assert [(each.status, each.what) for each in section.findings] == [
        ("problem", "cannot look further: [Errno 13] Permission denied: '/closed'")
    ]
