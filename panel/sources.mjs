// Which files make the page, and the hash of them that the page carries.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const CONFIGURATION = [
  ".npmrc", "index.html", "package-lock.json", "package.json", "smaller.mjs", "sources.mjs", "tsconfig.json", "vite.config.mjs",
];

/** Hash of all sources, the lock file and the configuration; tests/test_panel_page.py computes the same. */
export function sourcesHash(folder) {
  const sources = readdirSync(join(folder, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1).replaceAll("\\", "/"));
  const hash = createHash("sha256");
  for (const name of [...CONFIGURATION, ...sources].sort()) {
    hash.update(`${name}\0`).update(readFileSync(join(folder, name))).update("\0");
  }
  return hash.digest("hex");
}
