"""How soon the pages of the dashboard can be used: ``python -m benchmarks.pages [--repeats 5]``.

The platform of the browser tests (six hours of detector, supplies, groups, rig) is served on this machine and
each page opened in a fresh Chromium context, nothing kept. `interactive`: the document is parsed and its
scripts are about to run; `shown`: every panel has its data. Seconds from the navigation on, by the browser's
own clock, medians; kilobytes are what was transferred, and processor seconds those of the server.
"""

import argparse
import json
import resource
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database import migrations
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets_tests.web.pages import filled
from dsa_hcal_assets_tests.web.pages.browsing import PAGES, chromium, opened
from dsa_hcal_assets_tests.web.serving import served

_TIMES = """() => {
  const [navigation] = performance.getEntriesByType('navigation');
  const [shown] = performance.getEntriesByName('shown');
  const all = [navigation, ...performance.getEntriesByType('resource')];
  return {
    interactive: navigation.domInteractive / 1000,
    shown: (shown?.startTime ?? navigation.loadEventEnd) / 1000,
    kilobytes: all.reduce((sum, one) => sum + one.transferSize, 0) / 1000,
  };
}"""


def main() -> None:
    """Open every page `repeats` times; print what each took and a JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    home = Path(tempfile.mkdtemp(prefix="pages-"))
    home.chmod(0o711)  # the server's account has to pass
    try:
        with EmbeddedServer(home / "postgres", 0) as server:
            database = Database(server.url())
            migrations.apply(database)
            settings = Settings(state_dir=home / "state", database_url=server.url())
            filled.fill(database, settings, utc_now())
            with served(settings) as port:
                measured = {page: _opened(f"http://127.0.0.1:{port}{page}", repeats) for page in PAGES}
            database.close()
    finally:
        shutil.rmtree(home)
    for page, found in measured.items():
        print(
            f"{page:24} interactive {found['interactive']:.2f} s, shown {found['shown']:.2f} s, "
            f"{found['kilobytes']:.0f} kB, server {found['server_cpu']:.2f} CPU-s"
        )
    print(json.dumps({"seconds": measured}))


def _opened(address: str, repeats: int) -> dict[str, float]:
    """Return the medians of `repeats` first visits; the browser runs in processes of its own."""
    visits: list[dict[str, Any]] = []
    with chromium() as browser:
        for _ in range(repeats):
            before = _cpu()
            with opened(browser) as tab:
                visits.append(tab.go(address).evaluate(_TIMES) | {"server_cpu": _cpu() - before})
    return {name: statistics.median(one[name] for one in visits) for name in visits[0]}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
