"""Pages in a real Chromium: opened, waited for, and looked over for what every page must be like."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from dsa_hcal_assets_tests.programs import program_of

PAGES = ("/dashboard", "/dashboard/hcal", "/dashboard/hcal/expert", "/dashboard/rig", "/")
PATIENCE_MS = 30_000  # the machine may be busy with other tests
_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
# controls without a name, pictures without words, more than one level-1 heading, ids that are not unique
_UNNAMED = """() => {
  const named = (one) => one.getAttribute('aria-label') || one.labels?.length || one.textContent.trim()
    || one.querySelector('img[alt]');
  const faults = [...document.querySelectorAll('button, a[href], input, select, canvas[tabindex]')]
    .filter((one) => !named(one)).map((one) => one.outerHTML.slice(0, 90));
  faults.push(...[...document.querySelectorAll('img:not([alt])')].map((one) => one.outerHTML.slice(0, 90)));
  for (const place of ['h1', 'main', 'header.top nav']) {
    if (document.querySelectorAll(place).length !== 1) faults.push(`not one ${place}`);
  }
  for (const section of document.querySelectorAll('section')) {
    const name = document.getElementById(section.getAttribute('aria-labelledby'));
    if (!name) faults.push(`section ${section.id} has no name`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  return faults.concat(ids.filter((id, place) => ids.indexOf(id) !== place).map((id) => `two of ${id}`));
}"""
# WCAG 2.2, 1.4.3: contrast of every text with the nearest ground that is painted
_FAINT = """() => {
  const channels = (colour) => {
    const found = colour.match(/[\\d.]+/g).map(Number);
    return { rgb: found.slice(0, 3), alpha: found[3] ?? 1 };
  };
  const luminance = (rgb) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const { rgb, alpha } = channels(getComputedStyle(one).backgroundColor);
      if (alpha === 1) return rgb;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    const unseen = !element.checkVisibility() || element.closest('option, noscript, .skip, :disabled');
    if (!text || unseen) continue;
    const both = [channels(getComputedStyle(element).color).rgb, ground(element)].map(luminance);
    const contrast = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    if (contrast < 4.5) faint.add(`${text.slice(0, 30)}: ${contrast.toFixed(2)}`);
  }
  return [...faint];
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Debian's Chromium."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program_of("browser"), args=_ARGUMENTS.split())
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page, and what it complained of: script errors, refusals of its content policy, failed requests."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def go(self, address: str) -> Page:
        """Open an address and wait until every part of the page shows something."""
        self.page.goto(address)
        if "/dashboard" in address:
            expect(self.page.locator("html[data-shown]")).to_be_attached(timeout=PATIENCE_MS)
            expect(self.page.locator(".loading")).to_have_count(0, timeout=PATIENCE_MS)
        return self.page


@contextmanager
def opened(
    browser: Browser, *, theme: str = "light", width: int = 1440, height: int = 900
) -> Iterator[Opened]:
    """Give a new page of a browser that remembers nothing."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    found = Opened(page)

    def heard(message: ConsoleMessage) -> None:
        address = str(message.location.get("url"))
        # the API says so where there is nothing; a picture that is linked must be there
        nothing = "status of 404" in message.text and "/api/" in address and "thumbnail" not in address
        if message.type in ("error", "warning") and not nothing:
            found.complaints.append(f"{message.text} {address}")

    page.on("console", heard)
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    yield found
    context.close()


def faults(page: Page) -> list[str]:
    """Return what people who cannot see well, or use no mouse, would stumble over; text too wide for it."""
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    found = [f"contrast of {one}" for one in page.evaluate(_FAINT)] + list(page.evaluate(_UNNAMED))
    return found + ([f"{page.evaluate(wide)} px too wide"] if page.evaluate(wide) > 0 else [])
