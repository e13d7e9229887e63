// Builds the page and puts it where the server finds it; with --check only says whether it is the same.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "vite";

const target = new URL("../server/panel/review.html", import.meta.url);
const { output } = await build({ configFile: new URL("vite.config.mjs", import.meta.url).pathname, build: { write: false } });
const html = output.find((each) => each.fileName === "index.html").source;
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== html) {
    console.error("server/panel/review.html is not what these sources give: run make panel and commit it.");
    process.exit(1);
  }
} else {
  mkdirSync(new URL(".", target), { recursive: true });
  writeFileSync(target, html);
  console.log(`server/panel/review.html: ${Buffer.byteLength(html)} bytes`);
}
