import re
from typing import Any

import pytest

from convert.checkpoints.malformed import Malformed
from convert.checkpoints.parameters import MAX_TENSORS, state_dict_of, without_training_state
from convert.checkpoints.pickled_tensor import Skipped


@pytest.mark.parametrize(
    ("saved", "tensors", "left_out", "told"),
    [
        ({"a.w": 1.5}, {"a.w": 1.5}, (), []),
        ({"a.w": 1.5, "epoch": 3}, {"a.w": 1.5}, ("epoch",), []),
        ({"a.w": 1.5, "extra": {"b.w": 2.5}}, {"a.w": 1.5}, ("extra",), []),
        ({"state_dict": {"a.w": 1.5, "n": 3}, "epoch": 3}, {"a.w": 1.5}, ("epoch", "n"), []),
        ({"best.acc": 0.5, "state_dict": {"a.w": 1.5}}, {"a.w": 1.5}, ("best.acc",), []),
        ({"ema": {"a.w": 2.5}, "model": {"a.w": 1.5}, "optimizer": {0: 0.5}}, {"a.w": 1.5}, ("ema", "optimizer"), ["'model'", "'ema'"]),
        ({"model": {"a.w": 2.5}, "state_dict": {"a.w": 1.5}}, {"a.w": 1.5}, ("model",), []),
        ({"model": {"name": "resnext"}, "net": {"a.w": 1.5}}, {"a.w": 1.5}, ("model",), ["'net'"]),
        ({"ema": {"a.w": 2.5}, "mine": {"a.w": 1.5}}, {"a.w": 1.5}, ("ema",), ["'mine'", "'ema'"]),
        ({"ema": {"a.w": 2.5}, "epoch": 3}, {"a.w": 2.5}, ("epoch",), ["'ema'"]),
        ({"module.a.w": 1.5, "module.b": 2.5}, {"a.w": 1.5, "b": 2.5}, (), ["'module.'"]),
        ({"n_averaged": 7.5, "module.a.w": 1.5}, {"a.w": 1.5}, ("n_averaged",), ["'module.'"]),
        ({"_orig_mod.module.a": 1.5}, {"a": 1.5}, (), ["'_orig_mod.'", "'module.'"]),
        ({"module._orig_mod.a": 1.5}, {"a": 1.5}, (), ["'module.'", "'_orig_mod.'"]),
        ({"module.a": 1.5, "b": 2.5}, {"module.a": 1.5, "b": 2.5}, (), []),
        ({"a.w": 1.5, "b": Skipped("torch.Size")}, {"a.w": 1.5}, ("b",), []),
    ],
)
def test_what_is_the_network(saved: object, tensors: dict[str, float], left_out: tuple[str, ...], told: list[str]) -> None:
    found = state_dict_of(saved, float)
    assert (found.tensors, found.left_out) == (tensors, left_out)
    assert bool(found.told) == bool(told)
    assert all(word in " ".join(found.told) for word in told)


@pytest.mark.parametrize(
    ("saved", "left_out", "told"),
    [
        ({"model": {"state_dict": {"a.w": 1.5}}, "epoch": 3}, ("epoch",), ["'model'"]),
        ({"state_dict": {"ema": {"a.w": 2.5}, "model": {"a.w": 1.5}}}, ("ema",), ["'state_dict'", "average 'ema'"]),
        ({"ckpt": {"net": {"params": {"a.w": 1.5}}}}, (), ["'ckpt'", "'net'", "'params'"]),
        ({"ema": {"state_dict": {"a.w": 2.5}}, "model": {"state_dict": {"a.w": 1.5}}}, ("ema",), ["'model'"]),
    ],
)
def test_dicts_around_it(saved: object, left_out: tuple[str, ...], told: list[str]) -> None:
    found = state_dict_of(saved, float)
    assert (found.tensors, found.left_out) == ({"a.w": 1.5}, left_out)
    assert all(word in " ".join(found.told) for word in told)


def test_too_many_dicts_around_it() -> None:
    deep: dict[str, object] = {"a.w": 1.5}
    for _ in range(6):
        deep = {"more": deep}
    with pytest.raises(Malformed, match="does not hold a state dict"):
        state_dict_of(deep, float)


class Counted(dict[str, object]):
    """A dict that counts how often any of them is looked through."""

    looks = 0

    def items(self) -> Any:
        Counted.looks += 1
        return super().items()

    def values(self) -> Any:
        Counted.looks += 1
        return super().values()


def shared(innermost: object, wide: int = 150) -> Counted:
    """Three dicts, each of which holds the next one under very many names, as a pickle of 2 kB can."""
    for _ in range(3):
        innermost = Counted({str(n): innermost for n in range(wide)})
    assert isinstance(innermost, Counted)
    Counted.looks = 0
    return innermost


def test_a_dict_in_many_places_is_looked_through_once_a_depth() -> None:
    with pytest.raises(Malformed, match="does not hold a state dict"):
        state_dict_of(shared(Counted({"w": 1.5})), float)
    assert Counted.looks < 20
    with pytest.raises(Malformed, match="150 state dicts"):
        state_dict_of(Counted({"more": shared({"a.w": 1.5})["0"]}), float)
    assert Counted.looks < 20


def test_one_dict_in_two_places_is_found_in_both() -> None:
    one = {"inner": {"a.w": 1.5}}
    with pytest.raises(Malformed, match=r"2 state dicts \('g', 'd'\)"):
        state_dict_of({"g": one, "d": one}, float)


def saved_by(line: str, saved: object) -> object:
    """What a printed line takes out of the file."""
    found = re.search(r"torch\.save\(torch\.load\(path, map_location=\"cpu\"\)(.*), \"(?:average|weights)\.pth\"\)", line)
    assert found
    return eval(f"saved{found[1]}", {"saved": saved})  # noqa: S307 - a line of our own


@pytest.mark.parametrize("around", [(), ("outer",), ("outer", "it's")])
def test_a_printed_line_leads_to_what_it_names(around: tuple[str, ...]) -> None:
    average, several = {"state_dict": {"a.w": 1.5}, "state_dict_ema": {"a.w": 2.5}}, {"g": {"a.w": 3.5}, "d": {"a.w": 4.5}}
    nested: list[dict[str, object]] = [dict(average), dict(several)]
    for name in reversed(around):
        nested = [{name: each} for each in nested]
    assert saved_by(state_dict_of(nested[0], float).told[-1], nested[0]) == {"a.w": 2.5}
    with pytest.raises(Malformed) as refused:
        state_dict_of(nested[1], float)
    assert saved_by(str(refused.value), nested[1]) == {"a.w": 3.5}


@pytest.mark.parametrize(
    ("saved", "name"),
    [
        ({"arch": "resnetblur50", "state_dict": {"a.w": 1.5}}, "resnetblur50"),
        ({"hyper_parameters": {"model_name": "resnet50d"}, "state_dict": {"a.w": 1.5}}, "resnet50d"),
        ({"model": {"arch": "resnet18", "state_dict": {"a.w": 1.5}}}, "resnet18"),
        ({"arch": 7, "state_dict": {"a.w": 1.5}}, ""),
    ],
)
def test_what_the_file_calls_its_network(saved: object, name: str) -> None:
    assert state_dict_of(saved, float).architecture == name


def test_a_tensor_that_cannot_be_read_is_not_forgotten() -> None:
    with pytest.raises(Malformed, match=r"'b\.w' among its parameters: sparse, quantised"):
        state_dict_of({"a.w": 1.5, "b.w": Skipped("torch._utils._rebuild_qtensor")}, float)


def test_several_networks_are_not_guessed_at() -> None:
    with pytest.raises(Malformed, match=r"2 state dicts \('g', 'd'\).*torch\.load\(path, map_location=\"cpu\"\)\['g'\]"):
        state_dict_of({"g": {"a.w": 1.5}, "d": {"a.w": 2.5}}, float)


@pytest.mark.parametrize("saved", [None, [1.5], {}, {"epoch": 3}, {"state_dict": {"epoch": 3}}, {"state_dict": {"inner": {"w": 1.5}}}])
def test_there_must_be_one(saved: object) -> None:
    with pytest.raises(Malformed, match="does not hold a state dict"):
        state_dict_of(saved, float)


def test_there_are_not_too_many_tensors() -> None:
    with pytest.raises(Malformed, match=f"{MAX_TENSORS + 1} tensors"):
        state_dict_of({str(n): 0.5 for n in range(MAX_TENSORS + 1)}, float)


def test_what_mindspore_trains_with() -> None:
    own = ["temperature", "conv.weight", "pixel_mean", "image_std"]
    assert without_training_state(own) == (own, ())
    names = ["conv.weight", "layer1.0.bn.gamma", "moments.conv.weight", "ema.layer1.0.bn.gamma", "global_step", "learning_rate"]
    assert without_training_state(names) == (names[:2], tuple(names[2:]))
