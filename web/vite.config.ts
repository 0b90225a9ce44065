import { defineConfig } from "vite";
import { basemap } from "./scripts/basemap.ts";
import { map } from "./scripts/map.ts";

// The build goes where the server looks for it; hatch_build.py calls this.
export default defineConfig({
  base: "./",
  plugins: [basemap(), map()],
  build: {
    outDir: "../src/shoal/serve/static",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 3000,
    assetsInlineLimit: 0,
    license: { fileName: "licences.txt" },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": process.env.SHOAL_API ?? "http://127.0.0.1:8000" } },
});
