// News from /ws/data. Pages show what the API answers; the link says when to ask again.
// Where there is no link (a proxy without WebSocket, a restart) pages ask every POLL_SECONDS instead.

const POLL_SECONDS = 15;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30000;
const SILENT_HEARTBEATS = 3;

/**
 * Follow topics and the state of the link.
 *
 * @param topics names that /ws/data knows
 * @param onNews called with the name of a topic that changed, and null when everything may have
 * @param onState called with "live", "polling" or "away", and a reason for the latter two
 */
export function follow(topics, onNews, onState) {
  const address = new URL("/ws/data", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  let wait = FIRST_WAIT_MS;
  let silence = null;
  let seen = new Map();
  let state = "connecting";

  setInterval(() => {
    if (state !== "live" && !document.hidden) onNews(null);
  }, POLL_SECONDS * 1000);

  function turn(next, reason = "") {
    state = next;
    onState(next, reason);
  }

  function hear(socket, heartbeatSeconds) {
    clearTimeout(silence);
    silence = setTimeout(() => socket.close(), SILENT_HEARTBEATS * heartbeatSeconds * 1000);
  }

  function connect() {
    const socket = new WebSocket(address);
    let heartbeat = 10;
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ subscribe: topics }));
      hear(socket, heartbeat);
    });
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "hello") {
        heartbeat = message.heartbeat_seconds;
        wait = FIRST_WAIT_MS;
        seen = new Map();
        turn("live");
      } else if (message.type === "outage") {
        turn("away", message.reason);
      } else if (message.type === "recovered") {
        turn("live");
        onNews(null);
      } else if (topics.includes(message.type) && seen.get(message.type) !== message.seq) {
        seen.set(message.type, message.seq);
        onNews(message.type);
      }
      hear(socket, heartbeat);
    });
    socket.addEventListener("close", () => {
      clearTimeout(silence);
      turn("polling", `not live: asking every ${POLL_SECONDS} s`);
      setTimeout(connect, wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    });
  }

  connect();
}
