// `docreview-mcp stdio` behind a streamable HTTP endpoint, for hosts in a browser: one process, its lines as they are.

import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { COMMAND } from "./real_server.mjs";

const ALLOWED = {
  "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*", "Access-Control-Expose-Headers": "mcp-session-id",
  "Access-Control-Allow-Methods": "POST, DELETE",
};

export class StdioProxy {
  #child;
  #http;
  #waiting = new Map();
  #ownId = 0;

  async start(env = {}) {
    this.#child = spawn(COMMAND, ["stdio", "--sandbox"], { env: { PATH: process.env.PATH, HOME: "/nonexistent", ...env }, stdio: ["pipe", "pipe", "ignore"] });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      const message = JSON.parse(line);
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    });
    this.#http = createServer((request, response) => void this.#answer(request, response));
    await new Promise((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    this.address = `http://localhost:${this.#http.address().port}/mcp`;
    return this.address;
  }

  async #answer(request, response) {
    if (request.method !== "POST") {
      response.writeHead(request.method === "GET" ? 405 : 204, ALLOWED).end();
      return;
    }
    let text = "";
    for await (const part of request) text += part;
    const message = JSON.parse(text);
    const answer = await this.#send(message);
    response.writeHead(answer ? 200 : 202, { ...ALLOWED, "Content-Type": "application/json", "Mcp-Session-Id": "only" });
    response.end(answer ? JSON.stringify(answer) : "");
  }

  #send(message) {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
    if (message.id === undefined || message.method === undefined) return null;
    return new Promise((resolve) => this.#waiting.set(message.id, resolve));
  }

  /** A call of the same server beside the host's: after the host has shaken hands. */
  async answer(name, values) {
    const id = `beside-${++this.#ownId}`;
    const { result } = await this.#send({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: values } });
    return result.structuredContent;
  }

  async stop() {
    this.#http.close();
    this.#http.closeAllConnections();
    this.#child.stdin.end();
    await new Promise((resolve) => this.#child.on("exit", resolve));
  }
}
