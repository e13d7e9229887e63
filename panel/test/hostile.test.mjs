// Text from strangers stays text, wherever it stands.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openPanel, stop } from "./host.mjs";
import { errorResult, invoice, MadeUpServer } from "./made_up_server.mjs";

const TEXTS = {
  html: `<img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)><b id=injected>bold</b><a href="javascript:alert(4)">x</a>`,
  style: `</style><style>*{display:none}</style>" onfocus="alert(1)" style="position:fixed;inset:0`,
  bidi: "\u202Egnp.exe\u202C \u2066isolated\u2069 \u05E9\u05DC\u05D5\u05DD",
  long: "W".repeat(10_000),
  template: "${alert(1)} {{constructor.constructor('alert(1)')()}} %3Cscript%3E",
};

after(stop);

for (const [name, text] of Object.entries(TEXTS)) {
  test(`hostile text everywhere: ${name}`, async () => {
    const plain = await openPanel(new MadeUpServer());
    const tags = (panel) => panel.frame.evaluate(() => [...new Set([...document.querySelectorAll("*")].map((element) => element.tagName))].sort());
    const known = new Set([...await tags(plain), "DIALOG", "H2", "LI", "OL", "INPUT", "LABEL", "TEXTAREA", "B", "DL", "DT", "DD", "SPAN", "UL", "DIV", "P", "SMALL"]);
    await plain.close();

    const document = invoice({ text, name: text });
    for (const value of document.pages[0].values) value.message = text;
    document.stage = text;
    document.assigned = [text];
    const server = new MadeUpServer({ documents: [document], needsVerified: true });
    server.changeElsewhere("f1-1", text, text);
    const panel = await openPanel(server);
    const check = async (where) => {
      const strange = (await tags(panel)).filter((tag) => !known.has(tag));
      assert.deepEqual(strange, [], where);
      assert.equal(await panel.frame.locator("#injected, [onerror], [onload], [onfocus], a, iframe, body script:not([type=module])").count(), 0, where);
      assert.equal(await panel.frame.locator("header").isVisible(), true, where);
      assert.ok(await panel.frame.evaluate(() => document.documentElement.scrollWidth <= innerWidth), where);
      assert.deepEqual(panel.faults, [], where);
    };
    await check("opened");
    await panel.frame.locator("[data-value=f1-1]").click();
    await panel.keys("Enter");
    await check("edited");
    await panel.keys("Escape");
    server.instead.set("review_apply", [() => errorResult("unavailable", text, "no", text)]);
    await panel.keys("v");
    await panel.frame.waitForSelector(".trouble");
    await check("refused");
    server.changeElsewhere("f1-5", `${text}!`, text);
    await panel.frame.locator("[data-value=f1-5]").click();
    await panel.keys("Enter");
    await panel.page.keyboard.insertText("mine");
    await panel.keys("Enter");
    await panel.frame.waitForSelector(".both");
    await check("a conflict");
    for (const button of ["History", "Assign", "Approve"]) {
      await panel.settled();
      await panel.frame.getByRole("button", { name: button, exact: true }).click();
      await panel.frame.waitForSelector("dialog");
      await check(button);
      await panel.keys("Escape");
    }
    await panel.frame.locator("td[data-value=c1-0-0]").click();
    await panel.frame.getByRole("button", { name: "Delete row" }).click();
    await panel.frame.waitForSelector("dialog");
    await check("agreement");
    const told = JSON.stringify(await panel.sent("ui/update-model-context"));
    assert.ok(!told.includes(text.slice(0, 12)));
    await panel.close();
  });
}
