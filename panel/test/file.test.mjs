// The file that is committed: its size, what it refers to, and that these sources give it byte by byte.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { sourcesHash } from "../sources.mjs";
import { HTML } from "./host.mjs";

const FOLDER = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");
const MOST_BYTES = 70_500;
const MOST_ZIPPED = 25_600;

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

test("a build from these sources gives the same bytes", () => {
  execFileSync(process.execPath, ["build.mjs", "--check"], { cwd: FOLDER });
});
