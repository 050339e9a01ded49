import pytest

from convert.preprocessing.published_weights import published_transform


@pytest.mark.parametrize(
    ("sha256", "name"),
    [
        ("7cdf45878ce6f7a9", "torchvision-v1"),  # resnext50_32x4d-7cdf4587.pth
        ("110c445d00000000", "torchvision-v2"),  # resnext101_32x8d-110c445d.pth
        ("173b62eb00000000", "torchvision-v2"),  # resnext101_64x4d-173b62eb.pth
        ("7cdf458000000000", None),
        ("", None),
    ],
)
def test_by_the_first_digits(sha256: str, name: str | None) -> None:
    assert published_transform(sha256) == name
