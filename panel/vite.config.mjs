import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { fewerCharacters, shortVariables, terserOptions } from "./smaller.mjs";
import { sourcesHash } from "./sources.mjs";

const folder = fileURLToPath(new URL(".", import.meta.url)).replace(/[\\/]$/, "");

export default defineConfig({
  root: folder,
  oxc: { jsx: { runtime: "classic", pragma: "h", pragmaFrag: "Fragment" } },
  build: {
    outDir: "dist",
    target: "es2022",
    cssTarget: ["chrome123", "safari17.5", "firefox120"],
    minify: "terser",
    terserOptions,
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  logLevel: "warn",
  plugins: [
    shortVariables(),
    fewerCharacters(),
    {
      name: "hash-of-the-sources",
      transformIndexHtml: (html) => html.replace("SOURCES_HASH", sourcesHash(folder)).replaceAll(/\n\s*/g, ""),
    },
    viteSingleFile({ removeViteModuleLoader: true }),
  ],
});
