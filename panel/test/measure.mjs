// Prints how fast the page is; asserts nothing. node test/measure.mjs

import { gzipSync } from "node:zlib";
import { HTML, openPanel, stop } from "./host.mjs";
import { invoice, MadeUpServer } from "./made_up_server.mjs";

const KEYS = 60;

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
await stop();
