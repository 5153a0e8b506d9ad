// What the page asks the service: JSON of `/v1`, and the service's own errors as sentences. A service that wants a key has had it typed into
// the browser's own log-in window, which sends it along with everything that follows, downloads included.

export const root = document.documentElement.dataset.root;

/** A refusal of the service, as its problem+json says it. */
export class Problem extends Error {
  constructor(status, fields) {
    super(fields.detail || fields.title || `The service answered with status ${status}.`);
    Object.assign(this, { status, title: fields.title ?? "", type: (fields.type ?? "").split(":").pop(), query: fields.query ?? "", near: fields.near ?? [], candidates: fields.candidates ?? [] });
  }
}

/** The address of something of this service; empty, null and false parts of the query are left out, lists repeated. */
export function address(path, query = {}) {
  const wanted = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined && each !== false && each !== "") wanted.append(name, each);
    }
  }
  const text = wanted.toString();
  return `${root}${path}${text ? `?${text}` : ""}`;
}

/** The page of a concept. */
export const conceptAddress = (curie) => `${root}/concept/${encodeURIComponent(curie).replaceAll("%3A", ":")}`;

/** What the service answers, parsed. Raises Problem where it refuses, and DOMException where the signal aborts. */
export async function ask(path, { query, body, signal } = {}) {
  const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  let response;
  try {
    response = await fetch(address(path, query), { signal, ...sent });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { title: "No answer", detail: "The service does not answer. Is it still running, and are you still connected to it?" });
  }
  if (response.ok) return response.json();
  throw new Problem(response.status, await response.json().catch(() => ({ title: response.statusText })));
}
