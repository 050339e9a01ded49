import pytest

from server.web.languages import Language, cookies, language_of


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", Language.EN),
        ("*", Language.EN),
        ("zh", Language.ZH),
        ("zh-Hans-CN;q=0.8, de", Language.ZH),
        ("zh;q=0, fr", Language.EN),
        ("en;q=0.5, zh;q=0.6", Language.ZH),
        ("en;q=x, zh", Language.ZH),
        ("en; q=0.5, zh; q=0.6", Language.ZH),
        (",,;q=", Language.EN),
        ("zh-" + "x" * 9000, Language.ZH),
    ],
)
def test_what_a_browser_accepts(accept: str, language: Language) -> None:
    assert language_of({"accept-language": accept}) is language


def test_a_choice_comes_before_that() -> None:
    assert language_of({"accept-language": "en", "cookie": "a=b; language=zh"}) is Language.ZH
    assert language_of({"accept-language": "zh", "cookie": "language=klingon"}) is Language.ZH
    assert language_of({"accept-language": "en", "cookie": 'x={"y":1}; language=klingon; language=zh'}) is Language.ZH


@pytest.mark.parametrize(
    ("sent", "values"),
    [
        ("a=b; c=d", ["d"]),
        ("", []),
        ("c", [""]),
        ("=;c=d", ["d"]),
        ('c="x y"', ["x y"]),
        ("c=d;c = e", ["d", "e"]),
        ('a={"c":"x"}; c=d', ["d"]),
        ('a="open; c=d', ["d"]),
        ("a b,=1; é; c=d", ["d"]),
    ],
)
def test_no_other_cookie_hides_one(sent: str, values: list[str]) -> None:
    assert list(cookies(sent, "c")) == values
