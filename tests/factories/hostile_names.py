"""Names as nobody should choose them. A page shows each as it stands, as text."""

MARK = "hostile_name_ran"
"""What each tries to set in the window of a page: a test asks whether it is there."""
_RUN = f"window.{MARK}=1"

HOSTILE_NAMES = (
    # Markup, whole and broken off
    f"<script>{_RUN}</script>",
    f"</script><script>{_RUN}</script>",
    f"</title></style></textarea></template><script>{_RUN}</script>",
    f"<!--><script>{_RUN}</script>-->",
    f"<ScRiPt\n>{_RUN}</sCrIpT\n>",
    f"<iframe srcdoc='<script>parent.{MARK}=1</script>'>",
    "<b>bold</b> &lt;i&gt; &amp;amp; &#x3c;",
    "<style>*{display:none}</style>",
    "<base href=//evil.test/>",
    "<meta http-equiv=refresh content='0;url=//evil.test/'>",
    # Handlers of events, and attributes that are left
    f"<img src=x onerror={_RUN}>",
    f"<svg/onload={_RUN}>",
    f"<details open ontoggle={_RUN}>",
    f'" autofocus onfocus={_RUN} x="',
    f"' onmouseover='{_RUN}",
    f"`onpointerover={_RUN}`",
    f"x style=animation-name:sweep onanimationstart={_RUN}",
    # Addresses
    f"javascript:{_RUN}",
    f"JaVaScRiPt:{_RUN}//",
    f"data:text/html,<script>opener.{MARK}=1</script>",
    "//evil.test/a",
    # Templates and scripts
    "{{ 7*7 }}{% raw %}${7*7}#{7*7}<%= 7*7 %>",
    f"';{_RUN}//\\';{_RUN}//",
    f"\\u003cscript\\u003e{_RUN}\\u003c/script\\u003e",
    "__proto__",
    # Letters that look like others, change the direction or hide
    f"\uff1cscript\uff1e{_RUN}\uff1c/script\uff1e",
    "cat\u202egnp.exe\u202c",
    "\u2066left\u2069\u200b\u200d\ufeff\u0301\u0301\u0301",
    "tab\tand\u2028line\u2029end",
    "\U0001f408\u200d\u2b1b 猫 “” « » \" ' `",
)
"""Without control characters, except a tab and the ends of lines of HTML."""

LABELS = tuple(" ".join(name.split()) for name in HOSTILE_NAMES)
"""Each in one line, as the labels of a model are: white space is one blank."""

_SEPARATORS = str.maketrans("/\\", "\u2215\u29f5")
FILE_NAMES = tuple(f"{name.translate(_SEPARATORS)}.png" for name in LABELS)
"""As names of files: a slash is one that only looks so."""
