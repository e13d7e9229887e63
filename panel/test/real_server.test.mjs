// The page against the real server and its sample documents, in a chat host and in the browser panel.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { newPage, openPanel, stop } from "./host.mjs";
import { MISSING, policy, RealServer, startServer } from "./real_server.mjs";
import { invoiceOf, POLICY, reviewInvoice } from "./whole_review.mjs";

const HARD = "0dd0c0de-0000-4000-a000-000000000001";
const running = [];

after(async () => {
  await stop();
  await Promise.all(running.map((server) => server.stop()));
});

async function started(command, options) {
  const server = await startServer(command, options);
  running.push(server);
  return server.address;
}

let shared;

/** A server with the sample documents as they are, for tests that do not change the same ones. */
async function sharedServer() {
  shared ??= started("http");
  return new RealServer(await shared);
}

test("an invoice is corrected, approved and all of it taken back", { skip: MISSING }, async () => {
  const server = new RealServer(await started("http", { env: { DOCREVIEW_POLICY: policy(POLICY) } }));
  const ids = await invoiceOf(server, 2);
  const panel = await openPanel(server, { ids });
  await reviewInvoice(panel, server, ids);
  assert.deepEqual(panel.faults, []);
  await panel.close();
});

test("a row is deleted after an agreement by code, and comes back", { skip: MISSING }, async () => {
  const server = await sharedServer();
  const ids = await invoiceOf(server, 1);
  const panel = await openPanel(server, { ids });
  const count = await panel.frame.locator("td[data-place=grid]").count();
  await panel.frame.locator("td[data-place=grid]").first().click();
  await panel.frame.getByRole("button", { name: "Delete row" }).click();
  await panel.frame.waitForSelector("dialog .summary");
  await panel.frame.locator("dialog .main").click();
  await panel.frame.waitForFunction((before) => document.querySelectorAll("td[data-place=grid]").length === before - 4, count);
  await panel.settled();
  await panel.keys("u");
  await panel.frame.waitForFunction((before) => document.querySelectorAll("td[data-place=grid]").length === before
    || document.querySelector("dialog .main"), count);
  if (await panel.frame.locator("dialog .main").count()) await panel.frame.locator("dialog .main").click();
  await panel.frame.waitForFunction((before) => document.querySelectorAll("td[data-place=grid]").length === before, count);
  assert.deepEqual(panel.faults, []);
  await panel.close();
});

test("documents that are hard to show: many pages, turned, a scan, hostile, wrong sums", { skip: MISSING }, async () => {
  const server = await sharedServer();
  const { documents = [] } = await server.answer("nanonets_list_documents", { workflow_id: HARD });
  assert.ok(documents.length >= 5, JSON.stringify(documents).slice(0, 300));
  for (const { document_id } of documents) {
    const panel = await openPanel(server, { ids: { workflow_id: HARD, document_id } });
    await panel.enter();
    await panel.keys("n", "j", "r", "+", "0");
    await panel.settled();
    const { isWide, width } = await panel.frame.evaluate(() => ({
      isWide: document.documentElement.scrollWidth > innerWidth, width: document.querySelector(".paper img")?.naturalWidth ?? -1,
    }));
    assert.ok(!isWide && width !== 0, document_id);
    assert.equal(await panel.frame.locator("a, iframe, [onerror], [onload]").count(), 0);
    assert.deepEqual(panel.faults, [], document_id);
    await panel.close();
  }
  const largest = Math.max(...server.sizes.filter(({ name }) => name === "review_panel_page").map(({ characters }) => characters));
  assert.ok(largest <= 120_000, String(largest));
});

test("the same page in the browser panel", { skip: MISSING }, async () => {
  const says = /(http:\/\/127\.0\.0\.1:\d+\/panel\/open\?\S+)/;
  const ids = await invoiceOf(await sharedServer(), 2);
  const link = await started("panel", { options: ["--workflow", ids.workflow_id, "--document", ids.document_id, "--no-browser"], says });
  const { page, faults, close } = await newPage();
  await page.goto(link);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  await frame.waitForSelector("[data-value]");
  await frame.locator("[data-value][tabindex='0']").first().click();
  await page.keyboard.press("Enter");
  await page.keyboard.type("PO-1");
  await page.keyboard.press("Enter");
  await frame.waitForFunction(() => [...document.querySelectorAll("[data-place=list]")].some((row) => /PO-1.*corrected/s.test(row.innerText)));
  assert.ok(await frame.evaluate(() => document.querySelector(".paper img").naturalWidth > 0));
  assert.ok(await frame.evaluate(() => Math.abs(document.getElementById("panel").offsetHeight - innerHeight) <= 1));
  assert.deepEqual(faults, []);
  await close();
});
