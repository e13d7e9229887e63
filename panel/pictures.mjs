// Takes the pictures of the panel for the documentation, of the real server on its sample data: node pictures.mjs FOLDER

import { join } from "node:path";
import { openPanel, stop } from "./test/host.mjs";
import { RealServer, startServer } from "./test/real_server.mjs";

const FOLDER = process.argv[2];
const INVOICE = { workflow_id: "ef134f2a-180b-405d-a91a-b32d2976f51d", document_id: "257b350f-cb9e-4df4-a742-94c5af052f1d" };
const TURNED = { workflow_id: "0dd0c0de-0000-4000-a000-000000000001", document_id: "dbe73a62-7d7a-48f1-a42f-14239c27b014" };
const FULL = { context: { displayMode: "fullscreen" } };

const MOMENT = "Nov 30, 2026, 9:00 AM";

/** Shows one moment wherever the page shows one, as the picture is taken at another time each time. */
function sameMoment(moment) {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { currentNode: text } = texts;
    const same = text.data.replace(/[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d{2}\s[AP]M/g, moment);
    if (same !== text.data) text.data = same;
  }
}

/** Opens a document of a fresh server and takes a picture of the panel, or of the whole window, after what is done there. */
async function take(name, options, done) {
  const { address, stop: end } = await startServer("http");
  const server = new RealServer(address);
  const ids = options.ids ?? INVOICE;
  const panel = await openPanel(server, { ...options, ids });
  await panel.enter();
  await done(panel, server, ids);
  await panel.settled();
  // A caret that blinks is not the same in each picture.
  await panel.frame.addStyleTag({ content: "* { caret-color: transparent !important; transition: none !important }" }).catch(() => {});
  await panel.frame.evaluate(sameMoment, MOMENT);
  const what = options.context ? panel.page : panel.page.locator("#view");
  await what.screenshot({ path: join(FOLDER, `${name}.png`), animations: "disabled", caret: "hide" });
  await panel.close();
  await end();
}

await take("panel", { width: 1100, height: 760 }, async (panel) => {
  await panel.keys("Enter");
  await panel.page.keyboard.type("2026-05-11");
});

await take("panel-conflict", { width: 1200, height: 760, ...FULL }, async (panel, server, ids) => {
  const { fields } = await server.answer("review_document", ids);
  const { field_data_id, value } = fields.find((field) => field.name === "invoice_date");
  await server.answer("review_apply", { ...ids, changes: [{ field_data_id, expected_value: value, value: "05.11.2026" }] });
  await panel.keys("Enter");
  await panel.page.keyboard.type("05.12.2026");
  await panel.keys("Enter");
  await panel.frame.waitForSelector(".both");
});

await take("panel-dark", { width: 1200, height: 760, theme: "dark", ...FULL, ids: TURNED }, async (panel) => {
  await panel.keys("r", "r", "r", "0");
});

await take("panel-narrow", { width: 320, height: 780, ...FULL }, async (panel) => {
  await panel.keys("j");
});

await stop();
