import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from convert.conversion_errors import ConvertError
from convert.quantisation.f32_reference import Agreement
from convert.quantisation.int8_artifact import check_found, keep, record_of
from convert.quantisation.picture_set import PictureSet
from convert.quantisation.search import Found
from models.artifact_facts import read_artifact_facts
from models.store import ModelStore, StoredModel


def changed(found: Found, confident: Agreement, everywhere: Agreement | None = None) -> Found:
    compared = found.best.compared
    trial = replace(found.best, compared=replace(compared, confident=confident, everywhere=everywhere or compared.everywhere))
    return replace(found, trials=(trial,))


def test_the_record(found: Found, pictures: PictureSet) -> None:
    record = record_of(found, pictures)
    assert (record.tool, record.images, record.agreement, record.agreement_confident) == ("onnxruntime", 48, 1, 1)
    assert record.method == "static QDQ, int8 weights per channel, uint8 activations; MinMax"
    assert record.calibration_sha256 == pictures.list_sha256(range(48))
    assert record.f32_sha256 == found.artifact.sha256
    assert record_of(changed(found, Agreement(0, 0)), pictures).agreement_confident is None


def test_it_goes_into_the_store_beside_f32(digits: StoredModel, found: Found, pictures: PictureSet, tmp_path: Path) -> None:
    shutil.copytree(digits.folder, tmp_path / "store" / "resnext_digits")
    shutil.copy(found.best.file, tmp_path / "trial.onnx")
    mine = replace(found, trials=(replace(found.best, file=tmp_path / "trial.onnx"),))
    model = ModelStore(tmp_path / "store").open("resnext_digits")
    for _ in range(2):  # a second one replaces it
        shutil.copy(found.best.file, tmp_path / "trial.onnx")
        model = keep(model, mine, record_of(found, pictures))
    assert [each.file for each in model.manifest.artifacts] == ["resnext_digits.onnx", "resnext_digits.int8.onnx"]
    artifact, path = ModelStore(tmp_path / "store").open("resnext_digits").check_artifact("cpu", "int8")
    assert artifact.quantisation == record_of(found, pictures)
    assert read_artifact_facts(path).precision == "int8"
    assert model.check_artifact("cpu")[0] == found.artifact


def test_what_agrees_too_seldom_is_refused(found: Found) -> None:
    check_found(found, 1.0)
    check_found(changed(found, Agreement(49, 50)), 0.98)
    with pytest.raises(ConvertError, match=r"48 of 50 pictures of which f32 is confident \(96.00%\), less than 98.00%"):
        check_found(changed(found, Agreement(48, 50)), 0.98)


def test_all_pictures_judge_where_f32_is_confident_of_none(found: Found) -> None:
    check_found(changed(found, Agreement(0, 0)), 1.0)
    with pytest.raises(ConvertError, match=r"on 11 of 12 pictures \(91\.67%\), less than 98\.00%"):
        check_found(changed(found, Agreement(0, 0), Agreement(11, 12)), 0.98)
