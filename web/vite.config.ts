import { defineConfig } from "vite";

/** Where `npm run dev` finds a running kiosk. */
const KIOSK = "http://localhost:8470";

export default defineConfig({
  build: {
    outDir: "../appliance/kiosk/page",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    // The content security policy allows own-origin files only: nothing may become a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ["index.html", "bench.html", "src/offline/service-worker.ts"],
      // A service worker's address says what it is for, and never changes.
      output: { entryFileNames: ({ name }) => (name === "service-worker" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": KIOSK } },
});
