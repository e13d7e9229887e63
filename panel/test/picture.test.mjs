// The picture of the page: boxes and values choose each other, zoom, pan, turn, drawing, many pages.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openPanel, stop } from "./host.mjs";
import { invoice, MadeUpServer } from "./made_up_server.mjs";

after(stop);

/** Where the box of the selected value is, and the room in which the page is seen. */
function places(panel) {
  return panel.frame.evaluate(() => {
    const [box, room] = ["rect.chosen", ".room"].map((selector) => document.querySelector(selector)?.getBoundingClientRect().toJSON());
    return { box, room };
  });
}

function isSeen({ box, room }) {
  return box.left >= room.left && box.right <= room.right + 1 && box.top >= room.top && box.bottom <= room.bottom + 1;
}

for (const [name, options] of Object.entries({ wide: {}, narrow: { width: 320, height: 900 } })) {
  test(`the box of each selected value is in view and large enough to be read, ${name}`, async () => {
    const panel = await openPanel(new MadeUpServer(), options);
    await panel.enter();
    for (let index = 0; index < 26; index += 1) {
      const seen = await places(panel);
      assert.ok(isSeen(seen), JSON.stringify([index, seen]));
      assert.ok(seen.box.height >= 12, `box ${index} is ${seen.box.height} pixels high`);
      await panel.keys(index === 12 ? "r" : "j");
    }
    await panel.close();
  });
}

test("a click on a box selects its value, a click on a value its box", async () => {
  const panel = await openPanel(new MadeUpServer(), { width: 1500, height: 950, context: { displayMode: "fullscreen" } });
  await panel.frame.locator("rect[data-box=f1-1]").click();
  assert.equal(await panel.focus(), "f1-1");
  await panel.frame.locator("rect[data-box=c1-2-1]").click();
  assert.equal(await panel.focus(), "c1-2-1");
  await panel.frame.locator("td[data-value=c1-0-3]").click();
  const chosen = await panel.frame.locator("rect.chosen").evaluate((rect) => [rect.getAttribute("x"), rect.getAttribute("y")]);
  assert.deepEqual(chosen, ["640", "300"]);
  await panel.close();
});

test("zoom by buttons, keys and wheel keeps what is under the pointer; a drag moves the page", async () => {
  const panel = await openPanel(new MadeUpServer());
  const paper = () => panel.frame.locator(".paper").evaluate((element) => element.getBoundingClientRect().toJSON());
  await panel.enter();
  await panel.keys("0");
  const fit = (await paper()).width;
  await panel.keys("+");
  assert.ok(Math.abs((await paper()).width / fit - 1.25) < 0.01);
  await panel.frame.getByRole("button", { name: "Zoom out" }).click();
  assert.ok(Math.abs((await paper()).width - fit) < 1);
  const room = await panel.frame.locator(".room").boundingBox();
  const [x, y] = [room.x + 400, room.y + 300];
  const under = async () => { const at = await paper(); return [(400 - at.left) / at.width, (y - at.top) / at.height]; };
  await panel.page.mouse.move(x, y);
  const before = await under();
  await panel.page.keyboard.down("Control");
  await panel.page.mouse.wheel(0, -300);
  await panel.page.keyboard.up("Control");
  await panel.frame.waitForFunction((width) => document.querySelector(".paper").getBoundingClientRect().width > width * 1.5, fit);
  const after = await under();
  assert.ok(Math.abs(before[0] - after[0]) < 0.01 && Math.abs(before[1] - after[1]) < 0.01, JSON.stringify([before, after]));
  const at = await paper();
  await panel.page.mouse.down();
  await panel.page.mouse.move(x - 120, y - 80, { steps: 4 });
  await panel.page.mouse.up();
  const moved = await paper();
  assert.deepEqual([Math.round(at.left - moved.left), Math.round(at.top - moved.top)], [120, 80]);
  await panel.keys("0");
  await panel.close();
});

test("a page is turned by steps of 90°, its boxes with it", async () => {
  const panel = await openPanel(new MadeUpServer());
  await panel.enter();
  const shapes = [];
  for (let index = 0; index < 4; index += 1) {
    const { box } = await places(panel);
    shapes.push(box.width > box.height);
    await panel.keys("r");
  }
  assert.deepEqual(shapes, [true, false, true, false]);
  await panel.close();
});

for (const turns of [0, 1, 2, 3]) {
  test(`a box is drawn for a new field on a page turned ${turns} times`, async () => {
    const server = new MadeUpServer();
    const panel = await openPanel(server);
    await panel.enter();
    for (let index = 0; index < turns; index += 1) await panel.keys("r");
    await panel.keys("0");
    await panel.frame.getByRole("button", { name: "Draw" }).click();
    await panel.frame.locator("rect[data-box=f1-1]").scrollIntoViewIfNeeded();
    // Over the box of a value that is there, so that the outcome is known.
    const target = await panel.frame.locator("rect[data-box=f1-1]").boundingBox();
    await panel.page.mouse.move(target.x + 1, target.y + 1);
    await panel.page.mouse.down();
    await panel.page.mouse.move(target.x + target.width - 1, target.y + target.height - 1, { steps: 5 });
    await panel.page.mouse.up();
    assert.match(await panel.text("dialog"), /nothing reads it/);
    await panel.page.keyboard.type("seal");
    await panel.keys("Tab");
    await panel.page.keyboard.type("yes");
    await panel.keys("Enter");
    await panel.frame.waitForFunction(() => document.querySelector("[aria-selected=true]")?.innerText.includes("seal"));
    const { field_name, value, page_id, bbox } = server.written()[0].values.changes[0];
    assert.deepEqual([field_name, value, page_id], ["seal", "yes", "p1"]);
    for (const [index, edge] of [60, 60, 300, 84].entries()) assert.ok(Math.abs(bbox[index] - edge) <= 4, JSON.stringify(bbox));
    await panel.close();
  });
}

test("a page is changed, the next one read ahead, and n goes on to other pages", async () => {
  const server = new MadeUpServer({ documents: [invoice({ pages: 5 })] });
  for (const value of server.documents.get("doc-1").pages[1].values) value.confidence = 0.95;
  const panel = await openPanel(server);
  const reads = () => server.written("review_panel_page").map(({ values }) => values.page_number);
  await panel.enter();
  await panel.frame.waitForTimeout(400);
  assert.deepEqual(reads(), [1, 2]);
  await panel.frame.getByRole("button", { name: "Next page" }).click();
  assert.equal(await panel.frame.locator("select").inputValue(), "2");
  assert.deepEqual(reads(), [1, 2]);
  await panel.frame.locator("[data-place=list]").first().click();
  await panel.keys("n");
  await panel.frame.waitForFunction(() => document.querySelector("select").value === "3" && document.querySelector("[data-value=f3-0]"));
  assert.equal(await panel.focus(), "f3-0");
  await panel.keys("p");
  await panel.frame.waitForFunction(() => document.querySelector("[data-value='c1-1-3']"));
  assert.equal(await panel.focus(), "c1-1-3");
  await panel.frame.locator("select").selectOption("5");
  await panel.frame.waitForSelector("[data-value=f5-0]");
  assert.match(await panel.text("option:nth-child(5)"), /Page 5 of 5: 4 doubtful/);
  await panel.close();
});

test("a text that is typed when the page changes is kept", async () => {
  const server = new MadeUpServer({ documents: [invoice({ pages: 2 })] });
  const panel = await openPanel(server);
  await panel.enter();
  await panel.keys("Enter");
  await panel.page.keyboard.type("PO-1");
  await panel.frame.getByRole("button", { name: "Next page" }).click();
  await panel.frame.waitForSelector("[data-value=f2-0]");
  await panel.frame.getByRole("button", { name: "Previous page" }).click();
  await panel.frame.waitForSelector("[data-value=f1-0]");
  assert.match(await panel.text("[data-value=f1-0]"), /PO-1.*not saved/s);
  await panel.close();
});

test("a page without a picture shows why, and its values", async () => {
  const server = new MadeUpServer();
  server.instead.set("review_panel_page", [async (answer) => {
    const { structuredContent } = answer();
    const changed = { ...structuredContent, picture: null, picture_note: "The image's URL is not allowed." };
    return { content: [{ type: "text", text: JSON.stringify(changed) }], structuredContent: changed };
  }]);
  const panel = await openPanel(server);
  assert.match(await panel.text(".room"), /URL is not allowed/);
  assert.equal(await panel.frame.locator("[data-place=list]").count(), 11);
  await panel.close();
});
