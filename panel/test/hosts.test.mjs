// Hosts that refuse, are late, cut answers, answer out of order, or load the frame anew in the middle of a write.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openPanel, stop } from "./host.mjs";
import { errorResult, invoice, MadeUpServer } from "./made_up_server.mjs";

after(stop);

/** A promise that is kept from outside. */
function gate() {
  let open;
  const promise = new Promise((resolve) => { open = resolve; });
  return { promise, open };
}

async function type(panel, text, key = "Enter") {
  await panel.keys("Enter");
  await panel.page.keyboard.type(text);
  await panel.keys(key);
}

test("a write that the host refuses keeps the text, and is tried again on a button", async () => {
  const server = new MadeUpServer();
  server.instead.set("review_apply", [() => { throw new Error("The user denied this call."); }]);
  const panel = await openPanel(server);
  await panel.enter();
  await type(panel, "PO-1");
  await panel.frame.waitForSelector(".trouble");
  await panel.frame.waitForFunction(() => document.querySelector(".trouble").innerText.includes("Read again, it is still"));
  assert.match(await panel.text(".trouble"), /did not carry out the call: The user denied this call.*Your text is kept: PO-1/s);
  assert.match(await panel.text("[data-value=f1-0]"), /PO-1.*not saved/s);
  assert.equal(server.value("f1-0").value, "");
  await panel.frame.getByRole("button", { name: "Try again" }).click();
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-0]").innerText.includes("corrected"));
  assert.equal(server.value("f1-0").value, "PO-1");
  await panel.close();
});

for (const [done, words] of [["no", "Nothing was changed."], ["unknown", "It is not known whether anything was changed."]]) {
  test(`an error of the server with done=${done} says so and keeps the text`, async () => {
    const server = new MadeUpServer();
    server.instead.set("review_apply", [() => errorResult("unavailable", "The service did not answer.", done, "Look again later.")]);
    const panel = await openPanel(server);
    await panel.enter();
    await type(panel, "PO-1");
    await panel.frame.waitForSelector(".trouble");
    await panel.settled();
    assert.match(await panel.text(".trouble"), new RegExp(`The service did not answer. ${words}.*Look again later.*PO-1`, "s"));
    await panel.close();
  });
}

test("a mark that failed after the value was written is told as such", async () => {
  const server = new MadeUpServer();
  server.instead.set("review_apply", [() => {
    server.value("f1-0").value = "PO-1";
    const answer = { summary: "Partly done", counts: { failed: 1 }, failed: [{ ids: ["f1-0"], code: "unavailable", message: "The mark was not set.", done: "yes", entries: [1] }] };
    return { content: [{ type: "text", text: JSON.stringify(answer) }], structuredContent: answer };
  }]);
  const panel = await openPanel(server);
  await panel.enter();
  await type(panel, "PO-1");
  await panel.frame.waitForSelector(".trouble");
  await panel.settled();
  assert.match(await panel.text(".chosen-value"), /The mark was not set/);
  await panel.frame.getByRole("button", { name: "Try again" }).click();
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-0]").innerText.includes("corrected") || document.querySelector("[data-value=f1-0]").innerText.includes("verified"));
  await panel.close();
});

test("an answer that is cut to a text is read from the page again", async () => {
  const server = new MadeUpServer();
  server.instead.set("review_apply", [(answer) => { answer(); return { content: [{ type: "text", text: "[Result too long, 1 of 3 parts]" }] }; }]);
  const panel = await openPanel(server);
  await panel.enter();
  await type(panel, "PO-1");
  await panel.frame.waitForFunction(() => document.querySelector("footer").innerText.includes("the value was saved"));
  assert.equal(server.written().length, 1);
  assert.equal(await panel.frame.locator(".trouble").count(), 0);
  await panel.close();
});

test("structured content that a host leaves out is read from the text", async () => {
  const server = new MadeUpServer();
  const call = server.call.bind(server);
  server.call = async (params) => ({ ...(await call(params)), structuredContent: undefined });
  const panel = await openPanel(server);
  await panel.enter();
  await type(panel, "PO-1");
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-0]").innerText.includes("corrected"));
  await panel.close();
});

test("a page that cannot be read says why, and is tried again", async () => {
  const server = new MadeUpServer();
  server.instead.set("review_panel_page", [() => ({ content: [{ type: "text", text: "cut" }] })]);
  const panel = await openPanel(server, { fails: true });
  await panel.frame.waitForSelector("[role=alert]");
  assert.match(await panel.text(".no-document"), /could not be shown.*did not pass the server's answer on/s);
  await panel.frame.getByRole("button", { name: "Open in the browser" }).click();
  assert.deepEqual(await panel.sent("ui/open-link"), [{ url: "http://127.0.0.1:8000/panel" }]);
  await panel.frame.getByRole("button", { name: "Try again" }).click();
  await panel.frame.waitForSelector("[data-value=f1-0]");
  await panel.close();
});

test("a tool that ended with an error shows its message", async () => {
  const server = new MadeUpServer();
  const panel = await openPanel(server, { fails: true, ids: { workflow_id: "w-1", document_id: "nowhere" } });
  await panel.frame.waitForSelector("[role=alert]");
  assert.match(await panel.text(".no-document"), /There is no document nowhere/);
  await panel.close();
});

test("two saves whose answers come in the other order both stay", async () => {
  const server = new MadeUpServer();
  const [first, second] = [gate(), gate()];
  server.instead.set("review_apply", [
    async (answer) => { const result = answer(); await first.promise; return result; },
    async (answer) => { const result = answer(); await second.promise; return result; },
  ]);
  const panel = await openPanel(server);
  await panel.enter();
  await type(panel, "PO-1", "Tab");
  await type(panel, "2026-12-01", "Tab");
  second.open();
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-5]").innerText.includes("corrected"));
  assert.match(await panel.text("[data-value=f1-0]"), /PO-1.*saving/s);
  first.open();
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-0]").innerText.includes("corrected"));
  assert.deepEqual([server.value("f1-0").value, server.value("f1-5").value, server.written().length], ["PO-1", "2026-12-01", 2]);
  await panel.close();
});

test("a reading that was under way when something was saved does not bring the old value back", async () => {
  const server = new MadeUpServer();
  const slow = gate();
  const panel = await openPanel(server);
  await panel.enter();
  server.instead.set("review_panel_page", [async (answer) => { const result = structuredClone(answer()); await slow.promise; return result; }]);
  await type(panel, "PO-1", "Tab");
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-0]").innerText.includes("corrected"));
  await type(panel, "2026-12-01", "Tab");
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-5]").innerText.includes("corrected"));
  slow.open();
  await panel.page.waitForTimeout(100);
  assert.match(await panel.text("[data-value=f1-5]"), /2026-12-01/);
  await panel.close();
});

test("a write without an answer is unclear; a late answer puts it right; nothing is doubled", async () => {
  const server = new MadeUpServer();
  const late = gate();
  server.instead.set("review_apply", [async (answer) => { await late.promise; return answer(); }]);
  const panel = await openPanel(server);
  await panel.page.clock.install();
  await panel.load();
  await panel.enter();
  await type(panel, "PO-1");
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-0]").innerText.includes("saving"));
  await panel.page.clock.fastForward(200_000);
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-0]").innerText.includes("unclear"));
  assert.match(await panel.text(".trouble"), /No answer within 180 seconds. It is not known/);
  assert.match(await panel.text(".trouble"), /Your text is kept: PO-1/);
  late.open();
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-0]").innerText.includes("corrected"));
  assert.equal(await panel.frame.locator(".trouble").count(), 0);
  assert.equal(server.written().length, 1);
  await panel.close();
});

test("a frame that is loaded anew in the middle of a write doubles and loses nothing", async () => {
  const server = new MadeUpServer();
  const slow = gate();
  server.instead.set("review_apply", [async (answer) => { await slow.promise; return answer(); }]);
  const panel = await openPanel(server);
  await panel.enter();
  await type(panel, "PO-1");
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-0]").innerText.includes("saving"));
  await panel.load();
  slow.open();
  await panel.enter();
  // What is shown is from before the write: a second one with the same text finds it done, another text is a conflict.
  await panel.page.waitForTimeout(100);
  await type(panel, "PO-1");
  await panel.frame.waitForFunction(() => document.querySelector("footer").innerText.includes("was so already"));
  assert.equal(server.journal.filter((entry) => entry.tool === "nanonets_update_field").length, 1);
  assert.match(await panel.text("[data-value=f1-0]"), /PO-1/);
  assert.deepEqual(panel.faults, []);
  await panel.close();
});

test("another text after the frame was loaded anew in the middle of a write is a conflict", async () => {
  const server = new MadeUpServer();
  const slow = gate();
  server.instead.set("review_apply", [async (answer) => { await slow.promise; return answer(); }]);
  const panel = await openPanel(server);
  await panel.enter();
  await type(panel, "PO-1");
  await panel.frame.waitForFunction(() => document.querySelector("[data-value=f1-0]").innerText.includes("saving"));
  await panel.load();
  await panel.enter();
  await panel.keys("Enter");
  await panel.page.keyboard.type("PO-2");
  slow.open();
  await panel.page.waitForFunction(() => window.messages.length > 0);
  await panel.keys("Enter");
  await panel.frame.waitForSelector(".both");
  assert.match(await panel.text(".both"), /PO-1\s*Yours\s*PO-2/);
  assert.equal(server.value("f1-0").value, "PO-1");
  await panel.close();
});

test("an added field whose answer is lost is looked for before it could be added twice", async () => {
  const server = new MadeUpServer();
  server.instead.set("review_apply", [(answer) => { answer(); throw new Error("connection closed"); }, () => { throw new Error("denied"); }]);
  const panel = await openPanel(server);
  const add = async () => {
    await panel.frame.getByRole("button", { name: "Add a field" }).click();
    await panel.page.keyboard.type("remark");
    await panel.keys("Tab");
    await panel.page.keyboard.type("paid");
    await panel.keys("Enter");
  };
  await add();
  await panel.frame.waitForFunction(() => document.querySelector("footer").innerText.includes("it was saved"));
  assert.equal(await panel.frame.locator("dialog").count(), 0);
  await add();
  await panel.frame.waitForFunction(() => document.querySelector("dialog")?.innerText.includes("denied"));
  assert.deepEqual(await panel.frame.locator("dialog input").evaluateAll((inputs) => inputs.map((input) => input.value)), ["remark", "paid"]);
  assert.equal(server.documents.get("doc-1").pages[0].values.filter((value) => value.name === "remark").length, 1);
  await panel.close();
});

test("a bare host without any capability gets no request that it does not know", async () => {
  const server = new MadeUpServer();
  const panel = await openPanel(server, { capabilities: {}, context: { availableDisplayModes: ["inline"], locale: undefined, timeZone: undefined } });
  await panel.enter();
  await panel.keys("v");
  await panel.settled();
  const methods = await panel.page.evaluate(() => [...new Set(window.messages.map((each) => each.method).filter(Boolean))]);
  assert.deepEqual(methods.sort(), ["tools/call", "ui/initialize", "ui/notifications/initialized", "ui/notifications/size-changed"]);
  assert.equal(await panel.frame.getByRole("button", { name: /Full screen|Tell the chat/ }).count(), 0);
  await panel.close();
});

test("the host is answered: ping, teardown, and what is not known", async () => {
  const panel = await openPanel(new MadeUpServer());
  const ask = (method) => panel.page.evaluate((name) => window.ask(name, {}), method);
  assert.deepEqual((await ask("ping")).result, {});
  assert.equal((await ask("ui/never-heard-of")).error.code, -32601);
  assert.deepEqual((await ask("ui/resource-teardown")).result, {});
  assert.equal(await panel.frame.locator("header").count(), 0);
  assert.deepEqual(panel.faults, []);
  await panel.close();
});

test("theme, fonts, variables, safe areas and full screen follow the host", async () => {
  const panel = await openPanel(new MadeUpServer());
  await panel.page.evaluate(() => window.tell("ui/notifications/host-context-changed", {
    theme: "dark", safeAreaInsets: { top: 7, right: 0, bottom: 0, left: 0 },
    styles: { variables: { "--color-background-primary": "rgb(1, 2, 3)", "background": "red" }, css: { fonts: "@font-face{font-family:Given;src:local(Arial)}" } },
  }));
  await panel.frame.waitForFunction(() => getComputedStyle(document.body).backgroundColor === "rgb(1, 2, 3)");
  const style = await panel.frame.evaluate(() => ({
    scheme: document.documentElement.style.colorScheme, top: getComputedStyle(document.getElementById("panel")).paddingTop, fonts: document.getElementById("host-fonts").textContent,
  }));
  assert.deepEqual([style.scheme, style.top, style.fonts.includes("Given")], ["dark", "7px", true]);
  const before = await panel.frame.evaluate(() => document.documentElement.offsetHeight);
  await panel.frame.getByRole("button", { name: "Full screen" }).click();
  await panel.frame.waitForFunction((height) => document.documentElement.offsetHeight > height, before);
  assert.equal(await panel.frame.getByRole("button", { name: "Full screen" }).getAttribute("aria-pressed"), "true");
  const sizes = await panel.sent("ui/notifications/size-changed");
  assert.equal(sizes[0].height, before);
  await panel.close();
});

test("messages that are not from the host are not listened to", async () => {
  const server = new MadeUpServer({ documents: [invoice(), invoice({ id: "doc-2", name: "other.pdf" })] });
  const panel = await openPanel(server);
  const other = await server.call({ name: "review_panel", arguments: { workflow_id: "w-1", document_id: "doc-2" } });
  await panel.frame.evaluate((result) => window.postMessage({ jsonrpc: "2.0", method: "ui/notifications/tool-result", params: result }, "*"), other);
  await panel.page.waitForTimeout(100);
  assert.equal(await panel.text("h1"), "invoice-010.pdf");
  await panel.close();
});
