"""Canaries and shadows by name: which requests a canary gets, and what cannot be served."""

from pathlib import Path
from typing import Any

import pytest

from models.store import StoredModel, zoo_manifest
from server.cli.flags import load_settings
from server.serving.companions import NO_COMPANIONS, Companions, check_labels, check_names, read_companions
from server.serving.service_assembly import open_service
from server.settings import SettingInvalid
from tests.level_model import store_level_model

IDS = [f"{number:08x}" for number in range(10_000)]


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_share_of_the_ids_and_always_the_same(share: float) -> None:
    first, second = ([Companions(canary="b", canary_share=share).canary_takes(each) for each in IDS] for _ in range(2))
    assert first == second
    assert sum(first) == pytest.approx(share * len(IDS), abs=4 * (len(IDS) * share * (1 - share)) ** 0.5)


def test_a_larger_share_keeps_those_it_had() -> None:
    few, more = ([Companions(canary="b", canary_share=share).canary_takes(each) for each in IDS] for share in (0.05, 0.2))
    assert all(later for before, later in zip(few, more, strict=True) if before)


def test_none_and_all() -> None:
    for companions, taken in ((Companions(canary="b", canary_share=0), 0), (Companions(canary="b", canary_share=1), 10_000)):
        assert sum(map(companions.canary_takes, IDS)) == taken
    assert not any(map(NO_COMPANIONS.canary_takes, IDS))


def test_other_settings_of_the_section_are_left_alone() -> None:
    assert read_companions({"precision": "int8"}, "[a]") == NO_COMPANIONS
    assert read_companions({"canary": "b"}, "[a]").canary_share == 0.05
    assert read_companions({"shadow": "c", "canary": "b", "canary_share": 1}, "[a]") == Companions(canary="b", canary_share=1, shadow="c")


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"canary": "b", "canary_share": 1.1}, r"^\[a\]: canary_share cannot be 1\.1: .*less than or equal to 1\. Correct it there"),
        ({"canary": "b", "canary_share": -0.1}, r"canary_share cannot be -0\.1"),
        ({"canary": "b", "canary_share": "5%"}, r"canary_share cannot be '5%'"),
        ({"canary_share": 0.1}, r"has a canary_share, and no canary\. Name the model"),
        ({"shadow": 1}, r"shadow cannot be 1"),
    ],
)
def test_a_section_that_cannot_be(section: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingInvalid, match=words):
        read_companions(section, "[a]")


def test_names_that_cannot_be() -> None:
    check_names(Companions(canary="b", shadow="b"), "a", ("a", "b"), "[a]")
    with pytest.raises(SettingInvalid, match=r"\[a\]: a cannot be its own shadow\. Name another model of MODELS"):
        check_names(Companions(shadow="a"), "a", ("a", "b"), "[a]")
    with pytest.raises(SettingInvalid, match=r"the canary 'cat_v3' is not served\. Did you mean 'cat_v2'\? Name a model of MODELS"):
        check_names(Companions(canary="cat_v3"), "a", ("a", "cat_v2"), "[a]")


def test_a_shadow_has_the_labels_of_its_model() -> None:
    manifests = [zoo_manifest("efficientnet_lite0").model_copy(update={"name": name}) for name in "abc"]
    manifests[2] = manifests[2].model_copy(update={"labels_sha256": "0" * 64})
    a, b, c = (StoredModel(manifest, Path()) for manifest in manifests)
    check_labels([(a, Companions(shadow="b", canary="c")), (b, NO_COMPANIONS), (c, NO_COMPANIONS)])
    with pytest.raises(SettingInvalid, match=r"The shadow c of a has another list of labels.* Leave shadow out of \[a\]"):
        check_labels([(a, Companions(shadow="c")), (b, NO_COMPANIONS), (c, NO_COMPANIONS)])


def test_the_start_refuses_a_name_that_is_not_served(tmp_path: Path) -> None:
    for name in ("cat", "cat_v2"):
        store_level_model(tmp_path, name)
    file = tmp_path / "models.toml"
    file.write_text('[cat]\ncanary = "cat_v2"\n')
    settings = {"model_store": tmp_path, "models_file": file, "runtime": "cpu", "engines": "stream"}
    with pytest.raises(SettingInvalid, match=r"\[cat\] in .*models\.toml: the canary 'cat_v2' is not served"):
        open_service(load_settings(models="cat", **settings))
    later, _ = open_service(load_settings(models="cat", model_control="explicit", **settings))
    assert later.models.default.served.companions == Companions(canary="cat_v2")
