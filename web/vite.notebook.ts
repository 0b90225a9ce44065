import { defineConfig } from "vite";
import { alone } from "./scripts/alone.ts";

// notebook.html: the explorer as one file, into which Python writes a release (src/shoal/serve/notebook.py).
export default defineConfig({
  plugins: [alone()],
  publicDir: false,
  build: {
    outDir: "../src/shoal/serve/static",
    emptyOutDir: false,
    target: "es2022",
    chunkSizeWarningLimit: 4000,
    assetsInlineLimit: Number.POSITIVE_INFINITY,
    modulePreload: false,
    rolldownOptions: { input: "notebook.html", output: { codeSplitting: false } },
  },
});
