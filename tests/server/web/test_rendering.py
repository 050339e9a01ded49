import re

import pytest
from jinja2 import UndefinedError

from server.web.languages import Language
from server.web.rendering import render


def test_what_comes_from_outside_is_text() -> None:
    text = render("sign_in", Language.EN, next='"><script>alert(1)</script>', wrong=False)
    assert "<script>alert" not in text
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in text


def test_data_cannot_end_the_element_that_holds_it() -> None:
    text = render("sign_in", Language.EN, next="", wrong=False, data={"name": "</script><b>&'"})
    assert "</script><b>" not in text
    [embedded] = re.findall(r'id="data">(.*?)</script>', text)
    assert embedded == r'{"name": "\u003c/script\u003e\u003cb\u003e\u0026\u0027"}'


def test_a_page_says_where_one_is_and_leads_up() -> None:
    text = render("docs", Language.ZH, up="../", here="a/docs")
    assert '<a href="../docs" aria-current="page">' in text
    assert 'href="../language?to=en&amp;next=a/docs"' in text
    assert '<html lang="zh-CN">' in text


@pytest.mark.parametrize(("signed_in", "shown"), [(None, ()), (True, ("sign-out",)), (False, ("sign-in",))])
def test_who_can_sign_in_or_out(signed_in: bool | None, shown: tuple[str, ...]) -> None:
    text = render("docs", Language.EN, signed_in=signed_in)
    assert tuple(name for name in ("sign-out", "sign-in") if name in text) == shown


def test_a_value_that_is_missing_is_a_fault() -> None:
    with pytest.raises(UndefinedError):
        render("sign_in", Language.EN)
