// What every page does: clock, theme, the state of the link, panels that follow the news.

import { byId, fill, h } from "./dom.js";
import { follow } from "./live.js";
import { notice } from "./parts.js";
import { ago, ageSeconds } from "./words.js";

const THEMES = ["system", "light", "dark"];
const STATES = {
  live: ["●", "live"],
  polling: ["▲", "not live"],
  away: ["✖", "no data"],
};

/** Return a time that keeps saying how long ago it was; beyond `staleAfter` seconds it is marked. */
export function age(iso, staleAfter = Infinity) {
  const stale = iso && ageSeconds(iso) > staleAfter;
  return h(
    "time",
    { class: stale ? "age stale" : "age", datetime: iso, "data-stale-after": staleAfter },
    ago(iso),
  );
}

/** Start the page: load all panels, then again whenever there is news about them. */
export function start(panels) {
  showTheme();
  tick(panels);
  setInterval(() => tick(panels), 1000);
  Promise.all(panels.filter((panel) => !panel.waits).map((panel) => panel.refresh())).then(() => {
    performance.mark("shown");
    document.documentElement.dataset.shown = "";
  });
  const topics = [...new Set(panels.flatMap((panel) => panel.topics))];
  follow(
    topics,
    (topic) =>
      panels
        .filter((panel) => topic === null || panel.topics.includes(topic))
        .forEach((panel) => panel.want()),
    showState,
  );
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) panels.forEach((panel) => panel.want());
  });
  document.addEventListener("failure", ({ detail }) => {
    if (detail.status === 401) askToSignIn();
  });
}

function tick(panels) {
  byId("clock").textContent = `${new Date().toISOString().slice(0, 19).replace("T", " ")} UTC`;
  for (const element of document.querySelectorAll("time.age")) {
    element.textContent = ago(element.dateTime);
    element.classList.toggle("stale", ageSeconds(element.dateTime) > Number(element.dataset.staleAfter));
  }
  panels.forEach((panel) => panel.tell());
}

function showState(state, reason) {
  const [symbol, word] = STATES[state];
  const place = byId("live");
  place.dataset.state = state;
  place.title = reason;
  fill(place, h("span", { "aria-hidden": "true" }, symbol), h("span", {}, word));
  byId("outage")?.remove();
  if (state !== "away") return;
  const outage = notice("error", "The database does not answer. ", `${reason} What is shown is old.`);
  outage.id = "outage";
  byId("notices").append(outage);
}

function showTheme() {
  const button = byId("theme");
  const current = () => document.documentElement.dataset.theme ?? "system";
  const label = () => {
    button.textContent = `Theme: ${current()}`;
  };
  button.hidden = false;
  label();
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(current()) + 1) % THEMES.length];
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      if (next === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", next);
    } catch {
      // it holds for this page then
    }
    label();
    document.dispatchEvent(new CustomEvent("theme"));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new CustomEvent("theme")),
  );
}

function askToSignIn() {
  if (byId("signed-out")) return;
  const told = notice(
    "warning",
    "You are not signed in any more. ",
    h("a", { href: "/sign-in" }, "Sign in again"),
  );
  told.id = "signed-out";
  byId("notices").append(told);
}
