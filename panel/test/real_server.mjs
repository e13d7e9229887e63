// The real server with its sample documents, as a process, spoken to over HTTP as a host would.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const COMMAND = ["bin/docreview-mcp", "Scripts/docreview-mcp.exe"]
  .map((name) => fileURLToPath(new URL(`../../.venv/${name}`, import.meta.url))).find(existsSync);

/** Why the tests with the real server cannot run, or false. */
export const MISSING = COMMAND === undefined && "no .venv with docreview-mcp: run make demo";

const ERA = "2026-07-28";
const META = {
  "io.modelcontextprotocol/protocolVersion": ERA,
  "io.modelcontextprotocol/clientInfo": { name: "panel-test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": { extensions: { "io.modelcontextprotocol/ui": { mimeTypes: ["text/html;profile=mcp-app"] } } },
};

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A policy file with this text. */
export function policy(text) {
  const path = join(mkdtempSync(join(tmpdir(), "panel-")), "policy.toml");
  writeFileSync(path, text);
  return path;
}

/**
 * Starts `docreview-mcp <command> --sandbox` and gives the address that it says, and how to end it.
 *
 * `env` may be a function of the port.
 */
export async function startServer(command, { env = {}, options = [], says = /(http:\/\/\S+?),? / } = {}) {
  const port = await freePort();
  const more = typeof env === "function" ? env(port) : env;
  const child = spawn(COMMAND, [command, "--sandbox", "--port", String(port), ...options], { env: { PATH: process.env.PATH, HOME: "/nonexistent", DOCREVIEW_HTTP_DRAIN: "0,1", ...more } });
  let output = "";
  const address = await new Promise((resolve, reject) => {
    const read = (text) => {
      output += text;
      const found = says.exec(`${output} `);
      if (found) resolve(found[1]);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", () => reject(new Error(output)));
  });
  return { address, stop: () => new Promise((resolve) => { child.on("exit", resolve); child.kill("SIGTERM"); }) };
}

export class RealServer {
  #id = 0;

  constructor(address) {
    this.address = address;
    this.sizes = [];
  }

  async call({ name, arguments: values, _meta }) {
    const id = ++this.#id;
    const response = await fetch(this.address, {
      method: "POST",
      headers: {
        "Content-Type": "application/json", Accept: "application/json, text/event-stream",
        "MCP-Protocol-Version": ERA, "Mcp-Method": "tools/call", "Mcp-Name": name,
      },
      body: JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: values, _meta: { ...META, ..._meta } } }),
    });
    const text = await response.text();
    const message = JSON.parse(text.startsWith("{") ? text : text.split("\n").filter((line) => line.startsWith("data: ")).at(-1).slice(6));
    if (message.error) throw new Error(message.error.message);
    this.sizes.push({ name, characters: JSON.stringify(message.result.structuredContent ?? null).length });
    return message.result;
  }

  async answer(name, values) {
    return (await this.call({ name, arguments: values })).structuredContent;
  }
}
