// A panel: asks for its data, shows them, and says so when they are old, missing or not to be had.

import { Failure } from "./api.js";
import { byId, empty, fill, h } from "./dom.js";
import { notice } from "./parts.js";
import { span, time } from "./words.js";

const SHORTEST_PAUSE_MS = 1000; // news that come faster are taken together

export class Panel {
  /**
   * @param id of the section; its .body is filled
   * @param load returns (a promise of) the data, given an AbortSignal
   * @param show draws them into the body
   * @param topics of the live data that call for loading again
   * @param nothing words for a 404: [what, why]
   * @param waits true: another panel says when to load first
   * @param without called with a failure when there is nothing to show
   */
  constructor(
    id,
    { load, show, topics = [], nothing = ["Nothing yet", ""], waits = false, without = () => {} },
  ) {
    this.section = byId(id);
    this.body = this.section.querySelector(".body");
    this.note = h("span", { class: "note small stale", role: "status" });
    this.section.querySelector("header").append(this.note);
    this.topics = topics;
    this.data = null;
    Object.assign(this, { load, show, nothing, waits, without });
    this.loadedAt = 0;
    fill(this.body, h("p", { class: "empty loading" }, "loading"));
  }

  /** Load again, now; whatever is being loaded is given up. */
  async refresh() {
    this.loading?.abort();
    clearTimeout(this.due);
    this.due = null;
    const loading = (this.loading = new AbortController());
    this.askedAt = Date.now();
    this.overtaken = false;
    try {
      const data = await this.load(loading.signal);
      if (loading.signal.aborted) return;
      this.data = data;
      this.loadedAt = Date.now();
      this.problem = null;
      this.show(data, this.body);
    } catch (error) {
      if (loading.signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      this.fail(error);
    } finally {
      if (this.loading === loading) {
        this.loading = null;
        if (this.overtaken) this.want();
      }
      this.tell();
    }
  }

  /** Load again soon; what is asked for several times at once is loaded once. */
  want() {
    // news that come while something is loaded may be newer than it
    if (this.loading) this.overtaken = true;
    if (this.due || this.loading) return;
    const pause = Math.max(0, (this.askedAt ?? 0) + SHORTEST_PAUSE_MS - Date.now());
    this.due = setTimeout(() => this.refresh(), pause);
  }

  fail(error) {
    this.problem = error;
    if (error.missing) {
      this.data = null;
      fill(this.body, empty(this.nothing[0], this.nothing[1] || error.message));
    } else if (this.data == null) {
      fill(this.body, notice("error", "Not known. ", error.message));
    }
    if (this.data == null) this.without(error);
    document.dispatchEvent(new CustomEvent("failure", { detail: error }));
  }

  /** Say how old the data are where they could not be renewed. */
  tell() {
    const old = this.problem && !this.problem.missing && this.data != null;
    const seconds = (Date.now() - this.loadedAt) / 1000;
    const text = old
      ? `▲ as of ${time(new Date(this.loadedAt).toISOString())}, ${span(seconds)} old: ${this.problem.message}`
      : "";
    if (this.note.textContent !== text) this.note.textContent = text;
    this.section.toggleAttribute("data-old", Boolean(old));
  }
}
