"""How soon a reader sees a page: every page of the built site, over localhost, in Chromium, nothing cached.

Milliseconds since the request, the median of some visits; kilobytes that the page loads, those of its explorers' frames
among them. The first visit of all is not counted: it starts the browser.
"""

import argparse
import shutil
import statistics
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HTML = Path(__file__).resolve().parents[1] / "_build" / "html"
TIMES = """() => new Promise(done => {
    const [load] = performance.getEntriesByType("navigation");
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const all = [load, ...performance.getEntriesByType("resource")];
    done([paint.startTime, load.domContentLoadedEventEnd, load.loadEventEnd,
          all.reduce((sum, entry) => sum + entry.encodedBodySize, 0) / 1000]);
})"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


def visit(browser: Browser, address: str) -> list[float]:
    """First paint, document ready, all loaded, kilobytes: of one visit by a reader who was never here."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    times = page.evaluate(TIMES)
    context.close()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=5, help="visits of each page (5)")
    visits = parser.parse_args().visits
    names = sorted(path.relative_to(HTML).as_posix() for path in HTML.glob("*/*.html") if path.parent.name[0] != "_")
    if not names:
        sys.exit("benchmarks/pages.py: no site in _build/html; run `make book` first")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(HTML)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        address = f"http://127.0.0.1:{server.server_address[1]}"
        visit(browser, f"{address}/{names[0]}")
        print(f"median of {visits} visits, milliseconds")
        print(f"{'page':28} first paint   document ready   loaded     kB")
        for name in names:
            rows = [visit(browser, f"{address}/{name}") for _ in range(visits)]
            paint, ready, loaded, kilobytes = (statistics.median(column) for column in zip(*rows, strict=True))
            print(f"{name:28} {paint:11.0f} {ready:16.0f} {loaded:8.0f} {kilobytes:6.0f}", flush=True)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
