/** What jsdom lacks and a browser has. */

import { vi } from "vitest";

// No canvas: OpenSeadragon asks at import which drawers it may use.
HTMLCanvasElement.prototype.getContext = () => null;

vi.stubGlobal("matchMedia", () => ({ matches: true, addEventListener: () => undefined }));
