// One whole review of an invoice with two doubtful values, in whatever host: the policy refuses an approval, a value is
// corrected, another one in conflict, the approval allowed, and all of it taken back.

import assert from "node:assert/strict";

/** A policy that lets nobody approve what is doubtful. */
export const POLICY = "[approval]\nmin_confidence = 0.8\n";

/** An invoice of the sample documents with so many doubtful values. */
export async function invoiceOf(server, doubtful) {
  const { entries } = await server.answer("review_queue", { kinds: ["document"], order: "least_confident", limit: 100 });
  const { workflow_id, document_id } = entries.find((entry) => entry.doubtful === doubtful && entry.name.startsWith("invoice"));
  return { workflow_id, document_id };
}

/** `panel` shows the document `ids`; `server` is the one that it speaks to, for a second client. */
export async function reviewInvoice(panel, server, ids) {
  const before = await server.answer("review_document", ids);
  const statusOf = async (id) => {
    const { values } = await server.answer("review_panel_page", { ...ids, page_number: 1, picture: false });
    return values.find((value) => value.id === id).status;
  };
  await panel.enter();
  const first = await panel.focus();
  await panel.keys("Shift+A");
  assert.match(await panel.text("dialog"), /cannot be approved yet/);
  await panel.keys("Escape", "Enter");
  await panel.page.keyboard.type("PO-7781");
  await panel.keys("Tab");
  const second = await panel.focus();
  assert.notEqual(first, second);
  await panel.settled();

  // What was typed has been looked at: the save has two entries, the value and the mark.
  assert.equal(await statusOf(first), "verified");

  // A second client changes the value meanwhile.
  const { fields } = await server.answer("review_document", ids);
  const old = fields.find((field) => field.field_data_id === second).value;
  await server.answer("review_apply", { ...ids, changes: [{ field_data_id: second, expected_value: old, value: "changed by another" }] });
  await panel.keys("Enter");
  await panel.page.keyboard.type("mine");
  await panel.keys("Enter");
  await panel.frame.waitForSelector(".both");
  assert.match(await panel.text(".both"), /changed by another\s*Yours\s*mine/);
  assert.match(await panel.text(".trouble"), /Somebody changed this value meanwhile: \S+, /);
  await panel.frame.getByRole("button", { name: "Write mine" }).click();
  await panel.frame.waitForFunction((id) => document.querySelector(`[data-value="${id}"]`).innerText.includes("corrected"), second);
  await panel.settled();

  await panel.frame.locator("header").getByRole("button", { name: "Approve" }).click();
  await panel.frame.waitForSelector("dialog");
  assert.match(await panel.text("dialog"), /Approve this document\?/);
  await panel.keys("Enter");
  await panel.frame.waitForFunction(() => document.querySelector("header").innerText.includes("approved"));
  await panel.settled();

  const { entries } = await server.answer("review_history", { about: [ids.document_id], limit: 100 });
  assert.ok(entries.filter((entry) => entry.via === "panel").length >= 5, JSON.stringify(entries.map((entry) => [entry.tool, entry.via])));
  // The approval, the value over the other one, and the first one; the other client's change stays.
  for (let index = 0; index < 3; index += 1) {
    await panel.keys("u");
    await panel.settled();
  }
  const now = await server.answer("review_document", ids);
  const texts = ({ fields: all }) => Object.fromEntries(all.map((field) => [field.field_data_id, field.value]));
  assert.deepEqual(texts(now), { ...texts(before), [second]: "changed by another" });
  assert.equal(now.stage, before.stage);
  assert.deepEqual([await statusOf(first), await statusOf(second)], ["unverified", "unverified"]);
}
