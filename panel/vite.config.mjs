import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { sourcesHash } from "./sources.mjs";

const folder = fileURLToPath(new URL(".", import.meta.url)).replace(/[\\/]$/, "");

export default defineConfig({
  root: folder,
  oxc: { jsx: { runtime: "classic", pragma: "h", pragmaFrag: "Fragment" } },
  build: { outDir: "dist", target: "es2022", cssTarget: ["chrome123", "safari17.5", "firefox120"], modulePreload: false, reportCompressedSize: false },
  logLevel: "warn",
  plugins: [
    {
      name: "hash-of-the-sources",
      transformIndexHtml: (html) => html.replace("SOURCES_HASH", sourcesHash(folder)),
    },
    viteSingleFile({ removeViteModuleLoader: true }),
  ],
});
