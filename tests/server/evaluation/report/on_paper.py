"""How a page comes out of a printer."""

import re
from base64 import b64decode

from selenium.webdriver import Chrome

A4_PX = 695  # 210 mm without the margins of the style
WIDE = "return [...document.querySelectorAll('body *')].filter(it => it.getBoundingClientRect().right > innerWidth + 1).length"


def assert_light_on_a4(page: Chrome) -> None:
    """Also for who reads in the dark: white, nothing beside the paper, and every sheet an A4."""
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": features})
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": A4_PX, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    try:
        assert page.execute_script(WIDE) == 0
        assert page.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        printed = b64decode(page.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert {tuple(round(float(side)) for side in box) for box in boxes} == {(595, 842)}
