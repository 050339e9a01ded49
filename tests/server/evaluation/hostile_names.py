"""Names that a page must show as text: of sets, models, classes, files and versions."""

HOSTILE_NAMES = (
    "<img src=x onerror=alert(1)>\"'&",
    "<script>alert(1)</script>",
    "</title></style><script>alert(1)</script>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "<svg onload=alert(1)>",
    "--></svg><iframe src=javascript:alert(1)>",
    "{{ 7 * 7 }} {% raw %} {count} {0.__class__}",
    "javascript:alert(1)",
    "&lt;b&gt; &#x3c;b&#x3e;",
)
