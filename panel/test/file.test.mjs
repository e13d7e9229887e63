// The file that is committed: its size, what it refers to, and that these sources give it byte by byte.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { OWN_PROPERTIES } from "../smaller.mjs";
import { sourcesHash } from "../sources.mjs";
import { HTML } from "./host.mjs";

const FOLDER = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");
const MOST_BYTES = 60_000;
const MOST_ZIPPED = 25_000;

test("the page is small", () => {
  assert.ok(Buffer.byteLength(HTML) <= MOST_BYTES, `${Buffer.byteLength(HTML)} bytes`);
  assert.ok(gzipSync(HTML).length <= MOST_ZIPPED, `${gzipSync(HTML).length} bytes zipped`);
});

test("the page refers to nothing outside, evaluates nothing, and keeps nothing", () => {
  const addresses = [...HTML.matchAll(/\b(?:https?:)?\/\/[\w.-]+\.\w+[^"'`\s)]*/g)].map(([address]) => address);
  // Names of XML vocabularies in the view library, never fetched.
  assert.deepEqual(addresses.filter((address) => !address.startsWith("http://www.w3.org/")), []);
  assert.doesNotMatch(HTML, /\beval\(|new Function|localStorage|sessionStorage|indexedDB|document\.cookie|\bfetch\(|XMLHttpRequest|innerHTML="/);
  assert.doesNotMatch(HTML, /<(link|script|img)[^>]+(src|href)=/);
});

test("the page carries the hash of its sources", () => {
  assert.ok(HTML.includes(`content="sha256:${sourcesHash(FOLDER)}"`));
});

test("properties that are renamed are no one else's", () => {
  const sources = (path) => readFileSync(join(FOLDER, "src", path), "utf8");
  const all = readdirSync(join(FOLDER, "src"), { recursive: true }).filter((name) => /\.tsx?$/.test(name)).map(sources).join("\n");
  const [, context, entry] = /interface HostContext \{(.*?)^\}.*interface HistoryEntry \{(.*?)^\}/ms.exec(sources("state.ts"));
  for (const name of OWN_PROPERTIES) {
    // What comes from outside is declared in these, and what is asked for by its name in quotes is not renamed.
    const isDeclared = new RegExp(`^\\s+${name}\\??:`, "m").test(sources("wire.ts") + context + entry);
    const isQuoted = new RegExp(`\\b[a-z][\\w.?]*\\["${name}"\\]|(?<!case )"(data-)?${name}"( in|:)`).test(all);
    assert.deepEqual({ name, isDeclared, isQuoted }, { name, isDeclared: false, isQuoted: false });
  }
});

test("a build from these sources gives the same bytes", () => {
  execFileSync(process.execPath, ["build.mjs", "--check"], { cwd: FOLDER });
});
