"""Takes the pictures of docs/explorer.md anew: two releases, the real server, Chromium.

    python -m tests.web.pictures RELEASES --hexagons ID --districts ID [--out docs/images]

RELEASES  a folder with a release of the demo's plan, and one of the same city by its districts (`zones.geojson`) with
          every statistic, flows by part of the day
"""

import argparse
import io
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import sync_playwright

from shoal.release.read import open_release
from tests.serve.live import live
from tests.web.conftest import ARGUMENTS
from tests.web.page import Explorer

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
DAYS = {"statistic": "visits", "time": "2026-03-08", "against": "2026-03-04"}


def main() -> None:
    """One picture after the other; look at them before they are committed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("releases", type=Path)
    options.add_argument("--hexagons", required=True)
    options.add_argument("--districts", required=True)
    options.add_argument("--out", type=Path, default=Path("docs/images"))
    chosen = options.parse_args()
    hexagons, districts = ({"release": name} for name in (chosen.hexagons, chosen.districts))
    busiest = open_release(chosen.releases / chosen.districts)["visits"].to_polars()
    place = busiest.group_by("zone").agg(total=busiest["consistent"].sum()).sort("zone")["zone"][0]
    views: dict[str, dict[str, Any]] = {
        "presence": hexagons | {"statistic": "presence", "time": "2026-03-06T17:00:00-06:00"},
        "place": districts | {"statistic": "visits", "time": "2026-03-06", "place": place, "panel": "zone"},
        "flows-night": districts | {"statistic": "flows", "time": "afternoon", "panel": "pairs"},
        "compare": districts | DAYS | {"panel": "compare"},
        "trust": hexagons | {"statistic": "presence", "panel": "trust"},
        "phone": districts
        | {"statistic": "presence", "time": "2026-03-06T17:00:00-06:00", "place": place, "panel": "zone"},
    }
    with live(chosen.releases) as client, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        for name, query in views.items():
            page = browser.new_page(
                viewport=PHONE if name == "phone" else WIDE,  # type: ignore[arg-type]
                color_scheme="dark" if name.endswith("night") else "light",
                locale="en-GB",
                reduced_motion="reduce",
            )
            shown = Explorer(page, str(client.base_url), f"?{urlencode(query)}")
            if name == "trust":
                page.get_by_role("button", name="Verify").first.click()
                page.get_by_text("passed").first.wait_for(timeout=120_000)
            page.wait_for_timeout(1000)
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            picture.quantize(255).save(chosen.out / f"explorer-{name}.png", optimize=True)  # a third of the bytes
            shown.finish()
        browser.close()


if __name__ == "__main__":
    main()
