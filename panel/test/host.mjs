// A page that plays the host: frames the built panel, answers its requests, and passes tool calls to a server.

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

export const HTML = readFileSync(new URL("../../server/panel/review.html", import.meta.url), "utf8");

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
// What a host has by default: no origin, nothing from elsewhere.
const POLICY = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

const HOST_PAGE = `<!doctype html><html lang="en"><title>Host</title><style>body{margin:0;background:#888}iframe{border:0;width:100%;display:block}</style>
<main><iframe id="view" title="Review panel" sandbox="allow-scripts"></iframe></main>
<script>
const view = document.getElementById("view");
window.messages = [];
const send = (message) => view.contentWindow.postMessage({ jsonrpc: "2.0", ...message }, "*");
window.tell = (method, params) => send({ method, params });
window.ask = (method, params) => new Promise((resolve) => {
  const id = "host-" + Math.random();
  const listen = (event) => { if (event.data.id === id) { removeEventListener("message", listen); resolve(event.data); } };
  addEventListener("message", listen);
  send({ id, method, params });
});
addEventListener("message", async ({ source, data }) => {
  if (source !== view.contentWindow) return;
  window.messages.push(data);
  if (data.method === "ui/notifications/size-changed" && view.className !== "full") view.style.height = data.params.height + "px";
  if (data.method === "ui/notifications/initialized") {
    for (const [method, params] of await window.opening()) send({ method, params });
  }
  if (data.id === undefined || data.method === undefined) return;
  const answer = await window.answer(data.method, data.params);
  if (answer.context) window.tell("ui/notifications/host-context-changed", answer.context);
  if (view.contentWindow === source) send({ id: data.id, ...answer.message });
});
</script></html>`;

let browser;
let listening;

/** The browser of this test process, started when it is first needed. */
async function start() {
  if (CHROMIUM === undefined) throw new Error("no Chromium: install Debian's package chromium");
  browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  if (!listening) {
    listening = createServer((request, response) => {
      const isPanel = request.url === "/panel.html";
      response.writeHead(200, {
        "Content-Type": "text/html; charset=utf-8", ...(isPanel ? { "Content-Security-Policy": POLICY } : {}),
      });
      response.end(isPanel ? HTML : HOST_PAGE);
    });
    await new Promise((resolve) => listening.listen(0, "127.0.0.1", resolve));
  }
  return `http://127.0.0.1:${listening.address().port}`;
}

export async function stop() {
  await browser?.close();
  listening?.close();
}

/** A page of its own, with what must not happen in it: errors, dialogs, requests to other places than `address`. */
export async function newPage(address = null, options = {}) {
  await start();
  const browserContext = await browser.newContext(options);
  const page = await browserContext.newPage();
  // Longer for pictures, which a busy machine takes as well.
  page.setDefaultTimeout(Number(process.env.PANEL_PATIENCE ?? 10_000));
  const faults = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`console: ${message.text()}`);
  });
  page.on("dialog", (dialog) => { faults.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.on("request", (request) => {
    const url = request.url();
    if (address !== null && !url.startsWith(address) && !url.startsWith("data:") && !url.startsWith("about:")) faults.push(`request: ${url}`);
  });
  return { page, faults, close: () => browserContext.close() };
}

/** What a person does in a panel, whatever frames it. */
export function handsOn(page, frame) {
  return {
    focus: () => frame().evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute("data-value") ?? element?.textContent?.trim().slice(0, 40) ?? null;
    }),
    /** Puts the focus on the selected value, as a click into the panel does. */
    enter: () => frame().locator("[data-value][tabindex='0']").first().focus(),
    text: (selector) => frame().locator(selector).first().innerText(),
    settled: async () => {
      // A key that was just pressed has been drawn by then.
      await frame().evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      await frame().waitForFunction(() => !/Saving|Undoing|Verifying|Deleting|Asking|Reading|Looking/.test(document.querySelector("footer").innerText));
    },
    keys: async (...keys) => { for (const key of keys) await page.keyboard.press(key); },
  };
}

const CAPABILITIES = { serverTools: {}, updateModelContext: {}, message: {}, openLinks: {} };

/**
 * Opens a panel in a host page. `server.call(params)` answers tool calls; a thrown Error with `rpc` becomes an error of the host.
 * The returned object has `page`, `frame`, what the panel sent (`messages`), and `faults`: errors, dialogs, foreign requests.
 */
export async function openPanel(server, options = {}) {
  const { width = 1100, height = 760, theme = "light", context = {}, ids = { workflow_id: "w-1", document_id: "doc-1" } } = options;
  const address = await start();
  const { page, faults, close } = await newPage(address, { viewport: { width, height }, colorScheme: theme, ...options.browser });
  const panel = { page, server, faults, address, displayMode: context.displayMode ?? "inline", ...handsOn(page, () => panel.frame) };
  const hostContext = { theme, displayMode: "inline", availableDisplayModes: ["inline", "fullscreen"], locale: "en-US", timeZone: "UTC", ...context };
  await page.exposeFunction("opening", async () => {
    if (options.opening) return options.opening();
    const opened = await server.call({ name: "review_panel", arguments: ids });
    return [["ui/notifications/tool-input", { arguments: ids }], ["ui/notifications/tool-result", opened]];
  });
  await page.exposeFunction("answer", async (method, params) => {
    if (method === "ui/initialize") {
      const hostCapabilities = options.capabilities ?? CAPABILITIES;
      return { message: { result: { protocolVersion: "2026-01-26", hostInfo: { name: "test", version: "1" }, hostCapabilities, hostContext } } };
    }
    if (method === "ui/request-display-mode") {
      await page.evaluate((full) => {
        const view = document.getElementById("view");
        view.className = full ? "full" : "";
        if (full) view.style.height = "100vh";
      }, params.mode === "fullscreen");
      return { message: { result: { mode: params.mode } }, context: { displayMode: params.mode } };
    }
    if (method !== "tools/call") return { message: { result: {} } };
    try {
      return { message: { result: await server.call(params) } };
    } catch (error) {
      return { message: { error: { code: -32000, message: error.message } } };
    }
  });
  await page.goto(`${address}/host.html`);
  panel.load = async () => {
    const pages = () => window.messages.filter((each) => each.method === "ui/notifications/initialized").length;
    const before = await page.evaluate(pages);
    await page.evaluate((full) => {
      const view = document.getElementById("view");
      if (full) Object.assign(view, { className: "full" }).style.height = "100vh";
      view.src = "/panel.html";
    }, hostContext.displayMode === "fullscreen");
    await page.waitForFunction(() => document.getElementById("view").style.height !== "");
    panel.frame = await (await page.$("#view")).contentFrame();
    // Else the values of a page that was here before might be taken for those of the new one.
    if (!options.fails) await page.waitForFunction(`(${pages})() > ${before}`);
    if (!options.fails) await panel.frame.waitForSelector("[data-value], .values");
  };
  await panel.load();
  const sent = (name) => window.messages.filter((each) => each.method === name).map((each) => each.params);
  panel.sent = (method) => page.evaluate(sent, method);
  // What the page shows may be there before the host has got the message about it.
  panel.sentTimes = async (method, count) => {
    await page.waitForFunction(`(${sent})(${JSON.stringify(method)}).length >= ${count}`);
    return panel.sent(method);
  };
  panel.close = close;
  return panel;
}
