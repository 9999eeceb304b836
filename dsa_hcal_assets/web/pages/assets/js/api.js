// Questions to the API: each with a deadline, and errors told in words.

const DEADLINE_MS = 15000;

/** What went wrong with a question; `status` 0: no answer at all. */
export class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  get missing() {
    return this.status === 404;
  }
}

/** Return what the API answers to GET `path` with `parameters` (nulls are left out). */
export async function ask(path, parameters = {}, { signal } = {}) {
  return (await answer(path, parameters, signal)).json();
}

async function answer(path, parameters, signal) {
  const query = new URLSearchParams(
    Object.entries(parameters).filter(([, value]) => value != null && value !== ""),
  );
  const address = query.size ? `${path}?${query}` : path;
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  let response;
  try {
    response = await fetch(address, { signal: signal ? AbortSignal.any([signal, deadline]) : deadline });
  } catch (error) {
    if (signal?.aborted) throw error;
    const slow = error.name === "TimeoutError";
    throw new Failure(
      0,
      slow ? `The API did not answer within ${DEADLINE_MS / 1000} s.` : "The API cannot be reached.",
    );
  }
  if (!response.ok) throw new Failure(response.status, await reason(response));
  return response;
}

async function reason(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // an answer that is no JSON says nothing people could use
  }
  const said = body.reason ?? (typeof body.detail === "string" ? body.detail : body.detail?.[0]?.msg);
  const usual = {
    401: "You are not signed in any more.",
    403: "Your role is not enough.",
    429: "Too many questions; wait a little.",
  };
  return said ?? usual[response.status] ?? `The API answered ${response.status}.`;
}
