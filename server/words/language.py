"""The languages that pages and reports are written in."""

from enum import StrEnum
from typing import Self


class Language(StrEnum):
    """A language; the first is what a browser gets that asks for none of them."""

    EN = "en"
    ZH = "zh"

    @property
    def tag(self) -> str:
        """What the attribute `lang` says (BCP 47)."""
        return {Language.EN: "en", Language.ZH: "zh-CN"}[self]

    @property
    def own_name(self) -> str:
        """Its name in itself, as a switch shows it."""
        return {Language.EN: "English", Language.ZH: "中文"}[self]

    @classmethod
    def named(cls, name: str) -> Self | None:
        """The language of this name, if there is one."""
        return next((language for language in cls if language == name), None)
