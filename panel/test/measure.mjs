// Prints how fast the page is; asserts nothing. node test/measure.mjs

import { gzipSync } from "node:zlib";
import { HTML, newPage, openPanel, stop } from "./host.mjs";
import { invoice, MadeUpServer } from "./made_up_server.mjs";
import { MISSING, RealServer, startServer } from "./real_server.mjs";
import { invoiceOf } from "./whole_review.mjs";

const KEYS = 60;
const TIMES = 10;
const HARD = "0dd0c0de-0000-4000-a000-000000000001";

function summary(times) {
  const sorted = [...times].sort((one, other) => one - other);
  return `median ${sorted[Math.floor(sorted.length / 2)].toFixed(1)} ms, p95 ${sorted[Math.floor(sorted.length * 0.95)].toFixed(1)} ms`;
}

console.log(`HTML: ${Buffer.byteLength(HTML)} bytes, ${gzipSync(HTML).length} zipped`);
const server = new MadeUpServer({ documents: [invoice({ pages: 50, rows: 61 })] });
const started = performance.now();
const panel = await openPanel(server);
console.log(`opened and drawn, cold: ${(performance.now() - started).toFixed(0)} ms`);
console.log(`values on the page: ${server.documents.get("doc-1").pages[0].values.length + 2}`);
await panel.enter();
for (const [name, key] of [["j, through the list", "j"], ["ArrowRight, in the grid", "ArrowRight"]]) {
  if (key === "ArrowRight") await panel.frame.locator("td[data-value=c1-0-0]").click();
  const times = await panel.frame.evaluate(async ([pressed, count]) => {
    const found = [];
    for (let index = 0; index < count; index += 1) {
      const from = performance.now();
      document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: pressed, bubbles: true, cancelable: true }));
      await new Promise((done) => requestAnimationFrame(() => { const channel = new MessageChannel(); channel.port1.onmessage = done; channel.port2.postMessage(0); }));
      found.push(performance.now() - from);
    }
    return found;
  }, [key, KEYS]);
  console.log(`key to next frame (${name}): ${summary(times)}`);
}
const memory = () => panel.frame.evaluate(() => performance.memory.usedJSHeapSize / 1e6);
const before = await memory();
const changes = [];
for (let page = 2; page <= 50; page += 1) {
  await panel.frame.waitForTimeout(220);
  changes.push(await panel.frame.evaluate(async (number) => {
    const from = performance.now();
    document.querySelector("[aria-label='Next page']").click();
    while (!document.querySelector(`[data-value="f${number}-0"]`)) await new Promise(requestAnimationFrame);
    return performance.now() - from;
  }, page));
}
console.log(`page change, read ahead: ${summary(changes)}`);
console.log(`memory after 50 pages: ${before.toFixed(1)} to ${(await memory()).toFixed(1)} MB of JavaScript`);
await panel.close();
if (!MISSING) await measureRealServer();
await stop();

/** With the server over HTTP on this machine, which the browser and the server share. */
async function measureRealServer() {
  const http = await startServer("http");
  const real = new RealServer(http.address);
  const ids = await invoiceOf(real, 2);
  const opened = [];
  for (let index = 0; index < TIMES; index += 1) opened.push(await timed(async () => closed(await openPanel(real, { ids }), drawn)));
  console.log(`call to page drawn in a host page, warm: ${summary(opened)}`);

  const link = await startServer("panel", {
    options: ["--workflow", ids.workflow_id, "--document", ids.document_id, "--no-browser"], says: /(http:\/\/127\.0\.0\.1:\d+\/panel\/open\?\S+)/,
  });
  const { page, close } = await newPage();
  await page.goto(link.address);
  const inBrowser = [];
  for (let index = 0; index < TIMES; index += 1) {
    inBrowser.push(await timed(async () => {
      await page.reload({ waitUntil: "commit" });
      await drawn(await (await page.waitForSelector("iframe")).contentFrame());
    }));
  }
  console.log(`page drawn in the browser, warm: ${summary(inBrowser)}`);
  await close();
  await link.stop();

  const { documents } = await real.answer("nanonets_list_documents", { workflow_id: HARD });
  const counted = await Promise.all(documents.map(async ({ document_id }) => {
    const answer = await real.answer("review_panel", { workflow_id: HARD, document_id });
    return { document_id, pages: answer.document.page_numbers?.length ?? answer.document.pages ?? 0 };
  }));
  const { document_id } = counted.sort((one, other) => other.pages - one.pages)[0];
  const many = await openPanel(real, { ids: { workflow_id: HARD, document_id } });
  const pages = [2, 12, 22, 32, 42, 7, 17, 27, 37, 47];
  const jumps = [];
  for (const number of pages) {
    await many.settled();
    await many.frame.waitForTimeout(400);
    jumps.push(await timed(async () => {
      await many.frame.locator("select[aria-label=Page]").selectOption(String(number));
      await many.frame.waitForFunction((wanted) => document.querySelector(".paper img")?.alt.startsWith(`Page ${wanted} `), number);
      await drawn(many.frame);
    }));
  }
  console.log(`page change, not read ahead, 50 pages of 100 values: ${summary(jumps)}`);
  await many.close();

  const edited = await openPanel(real, { ids });
  await edited.enter();
  const saves = [];
  for (let index = 0; index < TIMES; index += 1) {
    await edited.keys("Enter");
    await edited.page.keyboard.type(`PO-${index}`);
    saves.push(await timed(async () => {
      await edited.keys("Enter");
      await edited.settled();
    }));
  }
  console.log(`save and read again: ${summary(saves)}`);
  await edited.close();
  await http.stop();
}

async function timed(work) {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

async function closed(panel, after) {
  await after(panel.frame);
  await panel.close();
}

async function drawn(frame) {
  await frame.waitForSelector("[data-value]");
  await frame.waitForFunction(() => document.querySelector(".paper img")?.complete);
}
