// Without a mouse and with a screen reader: axe's rules, a walk by keys, the focus, keys that can be switched off.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { openPanel, stop } from "./host.mjs";
import { invoice, MadeUpServer } from "./made_up_server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

after(stop);

async function findings(panel) {
  await panel.frame.evaluate(AXE);
  const found = await panel.frame.evaluate((rules) => window.axe.run(document, { runOnly: rules }), RULES);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

const VIEWS = {
  light: {}, dark: { theme: "dark" }, narrow: { width: 320, height: 900 }, "narrow and dark": { width: 320, height: 900, theme: "dark" },
  "twice as large": { width: 640, height: 900, browser: { deviceScaleFactor: 2 } }, "full screen": { width: 1500, height: 950, context: { displayMode: "fullscreen" } },
};

for (const [name, options] of Object.entries(VIEWS)) {
  test(`axe finds nothing: ${name}`, async () => {
    const server = new MadeUpServer({ documents: [invoice({ pages: 2 })] });
    const panel = await openPanel(server, options);
    assert.deepEqual(await findings(panel), [], "as it opens");
    await panel.enter();
    await panel.keys("n", "n");
    server.changeElsewhere("f1-8", "1,612.56");
    await panel.keys("Enter");
    await panel.page.keyboard.type("1,621.56");
    assert.deepEqual(await findings(panel), [], "the editor");
    await panel.keys("Enter");
    await panel.frame.waitForSelector(".both");
    assert.deepEqual(await findings(panel), [], "a conflict");
    await panel.frame.locator("td[data-value=c1-2-1]").click();
    await panel.keys("v");
    await panel.settled();
    assert.deepEqual(await findings(panel), [], "a cell, verified");
    for (const button of ["History", "Keys and help", "Assign", "Add a field", "Add row", "Delete row", "Approve"]) {
      await panel.frame.getByRole("button", { name: button, exact: true }).click();
      await panel.frame.waitForSelector("dialog");
      assert.deepEqual(await findings(panel), [], button);
      await panel.keys("Escape");
      await panel.frame.waitForSelector("dialog", { state: "detached" });
      await panel.settled();
    }
    assert.deepEqual(panel.faults, []);
    await panel.close();
  });
}

test("nothing of the panel is wider than 320 pixels, and the document is as high as it says", async () => {
  const panel = await openPanel(new MadeUpServer({ documents: [invoice({ text: "w".repeat(300) })] }), { width: 320, height: 900 });
  const { width, height } = await panel.frame.evaluate(() => ({ width: document.documentElement.scrollWidth, height: document.documentElement.offsetHeight }));
  assert.equal(width, 320);
  await panel.page.waitForFunction(
    (said) => window.messages.filter((each) => each.method === "ui/notifications/size-changed").at(-1)?.params.height === said,
    height,
  );
  await panel.close();
});

test("all of the work is reached by Tab, and the focus is always to be seen", async () => {
  const panel = await openPanel(new MadeUpServer({ documents: [invoice({ pages: 2 })] }));
  await panel.enter();
  const reached = new Set();
  for (let index = 0; index < 60; index += 1) {
    await panel.keys("Tab");
    const at = await panel.frame.evaluate(() => {
      const element = document.activeElement;
      if (element === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return { name: element.getAttribute("aria-label") ?? element.dataset.value ?? element.innerText, isSeen: outlineStyle !== "none" && outlineWidth !== "0px" };
    });
    if (at === null) continue;
    assert.ok(at.isSeen, at.name);
    reached.add(at.name.replace(/\s+/g, " ").trim());
  }
  for (const name of ["Approve", "Next document", "Assign", "History", "Full screen", "Keys and help", "Next page", "Page", "Zoom in", "Turn", "Draw",
    "Picture of page 1", "f1-0", "Verify table", "Add row", "Add a field", "Edit Enter", "Verify v", "Note…"]) {
    assert.ok(reached.has(name), `${name} is not among ${[...reached].join(", ")}`);
  }
  await panel.close();
});

test("the focus is on a value after each step, and never lost", async () => {
  const server = new MadeUpServer({ documents: [invoice({ pages: 2 }), invoice({ id: "doc-2" })] });
  const panel = await openPanel(server);
  await panel.enter();
  const steps = [["j"], ["k"], ["n"], ["v"], ["u"], ["Enter", "Escape"], ["Enter", "x", "Enter"], ["Enter", "y", "Tab"], ["?", "Escape"], ["Shift+A", "Escape"],
    ["n"], ["n"], ["n"], ["p"], ["ArrowDown"], ["r"], ["+"], ["Shift+A", "Enter"]];
  for (const step of steps) {
    await panel.keys(...step);
    await panel.settled();
    const on = await panel.frame.evaluate(() => document.activeElement?.closest("[data-value]")?.dataset.value ?? `${document.activeElement?.tagName}`);
    assert.match(on, /^[fc]\d/, `after ${step.join(" ")}`);
  }
  await panel.close();
});

test("what happens is said to screen readers, failures at once", async () => {
  const server = new MadeUpServer();
  const panel = await openPanel(server);
  await panel.enter();
  await panel.keys("v");
  await panel.frame.waitForFunction(() => document.querySelector("[role=status]").innerText.includes("Saved: po_number"));
  server.instead.set("review_apply", [() => { throw new Error("denied"); }]);
  await panel.keys("n", "v");
  await panel.frame.waitForFunction(() => document.querySelector("[role=alert]").innerText.includes("due_date: not saved"));
  const row = await panel.frame.locator("[data-value=f1-5]").evaluate((element) => [element.getAttribute("role"), element.getAttribute("aria-selected"), element.innerText]);
  assert.deepEqual(row.slice(0, 2), ["row", "true"]);
  assert.match(await panel.text("td[data-value=c1-1-3]"), /672.00, low 41 %|672.00/);
  assert.match(await panel.frame.locator("td[data-value=c1-1-3]").evaluate((cell) => cell.textContent), /672.00, low 41 %/);
  await panel.close();
});

test("single letters can be switched off; arrows and Enter stay", async () => {
  const server = new MadeUpServer();
  const panel = await openPanel(server);
  await panel.enter();
  await panel.keys("?");
  await panel.frame.getByLabel("Single-letter keys are on").uncheck();
  await panel.keys("Escape", "v", "n", "Shift+A", "?");
  assert.equal(await panel.focus(), "f1-0");
  assert.equal(server.written().length + server.written("review_files").length, 0);
  assert.equal(await panel.frame.locator("dialog").count(), 0);
  await panel.keys("ArrowDown", "Enter");
  assert.equal(await panel.frame.locator("textarea").count(), 1);
  await panel.close();
});

test("keys with Control or Alt, and keys in a text, are not taken", async () => {
  const server = new MadeUpServer();
  const panel = await openPanel(server);
  await panel.enter();
  await panel.keys("Alt+v", "Control+u");
  await panel.keys("Enter");
  await panel.page.keyboard.type("vunp?");
  await panel.keys("Enter");
  await panel.settled();
  assert.deepEqual(server.written().map(({ values }) => values.changes[0].value), ["vunp?"]);
  await panel.close();
});

test("the panel does not take the focus from the chat when it appears", async () => {
  const panel = await openPanel(new MadeUpServer());
  assert.equal(await panel.page.evaluate(() => document.activeElement.tagName), "BODY");
  await panel.close();
});
