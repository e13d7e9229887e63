// JSON-RPC with the host, as MCP Apps 2026-01-26 has it: messages between this frame and its parent.

export type Params = Record<string, unknown>;
type Handler = (params: Params) => unknown;

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  timer: number;
}

/** The host answered a request with an error. */
export class HostError extends Error {}

/** The host did not answer in time; it may still do what it was asked for. */
export class NoAnswer extends Error {}

const METHOD_NOT_FOUND = -32601;

const waiting = new Map<number, Waiting>();
const overdue = new Set<number>();
const handlers = new Map<string, Handler>([["ping", () => ({})]]);
// By chance, so that a late answer to a page that was here before is not taken for one to this page.
let lastId = Math.floor(Math.random() * 1e12);
let onLateAnswer = (): void => undefined;

/** Listens to the host; `late` is called when an answer comes after its request was given up. */
export function listenToHost(late: () => void): void {
  onLateAnswer = late;
  addEventListener("message", (event) => {
    if (event.source === parent) receive(event.data);
  });
}

/** Answers requests of the host and receives its notifications. */
export function handle(method: string, handler: Handler): void {
  handlers.set(method, handler);
}

export function notify(method: string, params: Params = {}): void {
  send({ method, params });
}

/** The result; throws HostError, or NoAnswer after `seconds`. */
export function request(method: string, params: Params, seconds: number): Promise<unknown> {
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      waiting.delete(id);
      overdue.add(id);
      reject(new NoAnswer(`No answer within ${seconds} seconds.`));
    }, seconds * 1000);
    waiting.set(id, { resolve, reject, timer });
    send({ id, method, params });
  });
}

// The origin of a host is not known to a view, and nothing is sent that it may not see.
function send(message: object): void {
  parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
}

function receive(message: unknown): void {
  if (typeof message !== "object" || message === null) return;
  const { id, method, params, result, error } = message as Params;
  if (typeof method === "string") void answer(method, (params ?? {}) as Params, id);
  else if (typeof id === "number") settle(id, result, error as { message?: string } | undefined);
}

async function answer(method: string, params: Params, id: unknown): Promise<void> {
  const handler = handlers.get(method);
  const isRequest = id !== undefined && id !== null;
  if (handler) {
    const result = (await handler(params)) ?? {};
    if (isRequest) send({ id, result });
  } else if (isRequest) {
    send({ id, error: { code: METHOD_NOT_FOUND, message: `Method not found: ${method}` } });
  }
}

function settle(id: number, result: unknown, error: { message?: string } | undefined): void {
  const request = waiting.get(id);
  if (!request) {
    if (overdue.delete(id)) onLateAnswer();
    return;
  }
  waiting.delete(id);
  clearTimeout(request.timer);
  if (error) request.reject(new HostError(error.message ?? "it gave no reason"));
  else request.resolve(result);
}
