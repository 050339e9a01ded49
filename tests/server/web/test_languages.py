import pytest

from server.web.languages import Language, cookie, language_of


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
        (",,;q=", Language.EN),
        ("zh-" + "x" * 9000, Language.ZH),
    ],
)
def test_what_a_browser_accepts(accept: str, language: Language) -> None:
    assert language_of({"accept-language": accept}) is language


def test_a_choice_comes_before_that() -> None:
    assert language_of({"accept-language": "en", "cookie": "a=b; language=zh"}) is Language.ZH
    assert language_of({"accept-language": "zh", "cookie": "language=klingon"}) is Language.ZH


@pytest.mark.parametrize(("sent", "value"), [("a=b; c=d", "d"), ("", ""), ("c", ""), ("c=\x00", ""), ("=;c=d", "d"), ('c="x y"', "x y")])
def test_a_cookie_is_read_or_not_there(sent: str, value: str) -> None:
    assert cookie(sent, "c") in {value, ""}
