// Puts a build into one HTML that asks for nothing: code and style as gzip in base64, which a few lines unpack. Code is
// run as an inline script, as notebooks allow that and no other.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

const require = createRequire(import.meta.url);
const WORKER = "maplibre-gl/dist/maplibre-gl-worker.mjs";
/** Python writes the data in its stead. */
const PLACE = "<!--shoal-data-->";
/** Other scripts than these come from the reader's own fonts. */
const ALPHABETS = /-latin(-ext)?-wght-normal \*\//;

export function alone(): Plugin {
  return {
    name: "shoal-alone",
    enforce: "pre",
    // The map's worker stands in the page (src/map/view.ts reads it there), so its address is not needed.
    resolveId: (id) => (id === `${WORKER}?url` ? "\0no-worker" : null),
    load: (id) => (id === "\0no-worker" ? 'export default "";' : null),
    transform(code, id) {
      if (!/fontsource.*\.css/.test(id)) return null;
      const faces = code.split(/(?=\/\* source-)/).filter((face) => ALPHABETS.test(face));
      return { code: faces.join(""), map: null };
    },
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const page = Object.values(bundle).find((file) => file.fileName.endsWith(".html"));
        const code = Object.values(bundle).find((file) => file.type === "chunk");
        const style = Object.values(bundle).find((file) => file.fileName.endsWith(".css"));
        if (page?.type !== "asset" || code?.type !== "chunk" || style?.type !== "asset")
          this.error("the notebook's page needs one HTML, one chunk and one style");
        for (const file of [code, style] as Rolldown.OutputBundle[string][]) delete bundle[file.fileName];
        page.source = whole(String(page.source), code.code, String(style.source));
      },
    },
  };
}

function whole(html: string, code: string, style: string): string {
  const bare = html
    .replace(/\s*<script[^>]*src=[^>]*><\/script>/g, "")
    .replace(/\s*<link[^>]*(stylesheet|modulepreload)[^>]*>/g, "");
  const worker = readFileSync(require.resolve(WORKER), "utf8");
  const icon = readFileSync(new URL("../public/shoal.svg", import.meta.url));
  const inline = code.replaceAll("./shoal.svg", `data:image/svg+xml;base64,${icon.toString("base64")}`);
  const parts = [
    carry("shoal-map-worker", worker),
    carry("shoal-style", style),
    carry("shoal-code", inline),
    PLACE,
    `<script>${BEGIN}</script>`,
  ];
  return bare.replace("</body>", `${parts.join("\n")}\n</body>`);
}

function carry(id: string, text: string): string {
  return `<script type="text/plain" id="${id}">${gzipSync(text, { level: 9 }).toString("base64")}</script>`;
}

/** Unpacks each part where it stands, then puts style and code into effect. */
const BEGIN = `
(async () => {
  const text = async (id) => {
    const at = document.getElementById(id);
    const packed = Uint8Array.from(atob(at.textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    at.textContent = await new Response(stream).text();
    return at.textContent;
  };
  await text("shoal-map-worker");
  for (const [id, tag, type] of [["shoal-style", "style", ""], ["shoal-code", "script", "module"]]) {
    const made = document.createElement(tag);
    if (type) made.type = type;
    made.textContent = await text(id);
    document.head.append(made);
  }
})().catch((error) => {
  document.getElementById("app").textContent =
    "This page can't be shown here: " + error.message + " It needs a browser of 2023 or later.";
});
`;
