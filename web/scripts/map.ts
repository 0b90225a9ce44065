// Builds MapLibre from the sources that its package ships, so that the page and its worker share what both of them
// need: of the package's own two files each holds it once more, nearly all of the worker's 147 kB (gzip).

import { createRequire } from "node:module";
import { dirname } from "node:path";
import { normalizePath, type Plugin, transformWithOxc } from "vite";

const require = createRequire(import.meta.url);
const PACKAGE = normalizePath(dirname(require.resolve("maplibre-gl/package.json")));
const { version } = require("maplibre-gl/package.json") as { version: string };
const PAGE = `${PACKAGE}/src/index.ts`;
const WORKER = `${PACKAGE}/src/source/worker.ts`;
/** Where src/map/view.ts has the worker's address from. */
const ADDRESS = "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
const MADE = "\0shoal-map-worker";
/** As MapLibre compiles itself: a field that is only declared must not wipe out what the class above it has set. */
const FIELDS = {
  lang: "ts",
  target: "es2021",
  assumptions: { setPublicClassFields: true },
  typescript: { removeClassFieldsWithoutInitializer: true },
} as const;
/** As the package's own files have it. */
const LICENCE = `/**
 * MapLibre GL JS
 * @license 3-Clause BSD. Full text of license: https://github.com/maplibre/maplibre-gl-js/blob/v${version}/LICENSE.txt
 */
`;

/** For pages that a server hands out. A page of one file keeps the package's worker, which asks for no second file. */
export function map(): Plugin {
  let worker = "";
  return {
    name: "shoal-map",
    apply: "build",
    enforce: "pre",
    buildStart() {
      worker = this.emitFile({ type: "chunk", id: WORKER, name: "map-worker" });
    },
    resolveId: (id) => (id === "maplibre-gl" ? PAGE : id === ADDRESS ? MADE : null),
    load(id) {
      if (id === MADE) return `export default import.meta.ROLLUP_FILE_URL_${worker};`;
      // asked for its version alone
      return id === `${PACKAGE}/package.json` ? JSON.stringify({ version }) : null;
    },
    transform(code, id) {
      return id.startsWith(`${PACKAGE}/`) && id.endsWith(".ts") ? transformWithOxc(code, id, FIELDS) : null;
    },
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      for (const chunk of chunks)
        if (chunk.moduleIds.some((id) => id.startsWith(`${PACKAGE}/`))) chunk.code = LICENCE + chunk.code;
      const needed = new Set([this.getFileName(worker)]);
      // a set that grows while it is walked: each name comes once
      for (const name of needed)
        for (const chunk of chunks)
          if (chunk.fileName === name) for (const one of chunk.imports) needed.add(one);
      const page = chunks.find((chunk) => chunk.isEntry && chunk.facadeModuleId !== WORKER);
      if (!page || needed.has(page.fileName))
        this.error("the map's worker would load the page, which can't run in a worker");
    },
  };
}
