// The page in the reference host of the specification (examples/basic-host of ext-apps), which is not part of this
// project: build and serve it, and give its address, as in DOCREVIEW_BASIC_HOST=http://localhost:8080 npm test.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { handsOn, newPage, stop } from "./host.mjs";
import { MISSING, policy, RealServer, startServer } from "./real_server.mjs";
import { StdioProxy } from "./stdio_proxy.mjs";
import { invoiceOf, POLICY, reviewInvoice } from "./whole_review.mjs";

const HOST = process.env.DOCREVIEW_BASIC_HOST;
const skip = HOST === undefined ? "DOCREVIEW_BASIC_HOST is not set" : MISSING;

after(stop);

/** The host's page, connected to the server at `address`. */
async function openHost(address) {
  const { page, faults, close } = await newPage(null, { viewport: { width: 1100, height: 900 } });
  await page.route("**/api/servers", (route) => route.fulfill({ json: [address] }));
  const requests = [];
  page.on("request", (request) => requests.push(new URL(request.url()).origin));
  await page.goto(HOST);
  await page.locator("select option", { hasText: "review_panel" }).first().waitFor({ state: "attached" });
  return { page, faults, requests, close };
}

async function callPanel(host, ids) {
  const { page } = host;
  await page.locator("label", { hasText: "Tool" }).locator("select").last().selectOption("review_panel");
  await page.locator("label", { hasText: "Input" }).locator("textarea").fill(JSON.stringify(ids));
  const started = performance.now();
  await page.getByRole("button", { name: "Call Tool" }).click();
  const outer = await (await page.waitForSelector("iframe")).contentFrame();
  const inner = await (await outer.waitForSelector("iframe")).contentFrame();
  await inner.waitForSelector("[data-value]");
  await inner.waitForFunction(() => document.querySelector(".paper img")?.complete);
  const drawn = performance.now() - started;
  return { page, frame: inner, drawn, ...handsOn(page, () => inner) };
}

async function review(server, address) {
  const host = await openHost(address);
  const ids = await invoiceOf(server, 2);
  const panel = await callPanel(host, ids);
  const { page, frame } = panel;
  await reviewInvoice(panel, server, ids);

  const scheme = () => frame.evaluate(() => document.documentElement.style.colorScheme);
  const before = await scheme();
  const ground = await frame.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.getByTitle(/Switch to (dark|light) mode/).click();
  await frame.waitForFunction((old) => document.documentElement.style.colorScheme !== old, before);
  assert.notEqual(await frame.evaluate(() => getComputedStyle(document.body).backgroundColor), ground);

  const height = () => frame.evaluate(() => document.getElementById("panel").offsetHeight);
  const inline = await height();
  await frame.getByRole("button", { name: "Full screen" }).click();
  await frame.waitForFunction((old) => document.getElementById("panel").offsetHeight !== old, inline);
  assert.ok(Math.abs(await height() - await frame.evaluate(() => innerHeight)) <= 1);
  await frame.getByRole("button", { name: "Full screen" }).click();
  await frame.waitForFunction((old) => document.getElementById("panel").offsetHeight === old, inline);

  await page.getByTitle("Close").click();
  await page.waitForFunction(() => document.querySelector("iframe") === null);
  // A host of the older era asks for a stream by GET, which a server may refuse.
  assert.deepEqual(host.faults.filter((fault) => !fault.includes("405")), []);
  const known = [new URL(HOST).origin, new URL(address).origin];
  const sandbox = new Set(host.requests.filter((origin) => origin.startsWith("http") && !known.includes(origin)));
  assert.ok(sandbox.size <= 1, `more than the sandbox of the host was asked: ${[...sandbox]}`);
  await host.close();
  return panel.drawn;
}

test("a whole review in the reference host over HTTP", { skip }, async (context) => {
  const { address, stop: end } = await startServer("http", {
    env: { DOCREVIEW_POLICY: policy(POLICY), DOCREVIEW_HTTP_ORIGINS: HOST },
  });
  const drawn = await review(new RealServer(address), address);
  context.diagnostic(`from the call to the page drawn: ${drawn.toFixed(0)} ms`);
  await end();
});

test("a whole review in the reference host with a stdio server behind a proxy", { skip }, async (context) => {
  const server = new StdioProxy();
  const address = await server.start({ DOCREVIEW_POLICY: policy(POLICY) });
  const drawn = await review(server, address);
  context.diagnostic(`from the call to the page drawn: ${drawn.toFixed(0)} ms`);
  await server.stop();
});
