import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The app is served by the binary below `/s/`; in development the API comes from a running server.
const server = process.env.HONEYGUIDE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/s/",
  plugins: [react()],
  build: {
    outDir: "dist",
    manifest: true,
    target: "es2022",
    // Newer for styles: `light-dark()` must stay as it is written.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    chunkSizeWarningLimit: 900,
  },
  server: { port: 5173, proxy: { "/s/api": server, "/r": server, "/email": server } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
