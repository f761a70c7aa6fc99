import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the API and the tiles: a running `labsight serve`, where nobody signs in. */
const DEFAULT_ORIGIN = "http://127.0.0.1:8080";

export default defineConfig(({ mode }) => {
  const origin = loadEnv(mode, ".", "LABSIGHT_")["LABSIGHT_ORIGIN"] ?? DEFAULT_ORIGIN;
  return {
    build: {
      // The content security policy allows no inline anything, and a data: URL saves little here.
      assetsInlineLimit: 0,
      // OpenSeadragon alone has 375 kB before compression.
      chunkSizeWarningLimit: 600,
      // OpenSeadragon's licence asks that its notice travels with it.
      license: { fileName: "licenses.md" },
      rolldownOptions: { input: ["index.html", "viewer.html"] },
    },
    server: { proxy: { "/api": origin, "/slides": origin } },
    test: {
      restoreMocks: true,
      // Pages in jsdom are slow on a busy machine.
      testTimeout: 30_000,
      projects: [
        { extends: true, test: { name: "pure", include: ["tests/pure/*.test.ts"] } },
        {
          extends: true,
          test: {
            name: "dom",
            environment: "jsdom",
            include: ["tests/dom/*.test.ts"],
            setupFiles: ["tests/dom/setup.ts"],
          },
        },
      ],
    },
  };
});
