"""The languages."""

from server.words.language import Language


def test_a_language_by_its_name() -> None:
    assert Language.named("zh") is Language.ZH
    assert Language.named("klingon") is None
    assert [(language.tag, language.own_name) for language in Language] == [("en", "English"), ("zh-CN", "中文")]
