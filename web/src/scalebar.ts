/** The scale bar: the longest round length that fits, so that a glance gives the size of what is seen. */

import type { Mpp } from "./slides";

const ROUND_STEPS = [5, 2, 1] as const;
const MICRONS_PER_MM = 1000;

export interface ScaleBar {
  readonly microns: number;
  /** Length on screen in CSS px. */
  readonly pixels: number;
  readonly label: string;
}

/** Return the longest bar of 1, 2 or 5 times a power of ten within `maxPixels`; null when none makes sense. */
export function scaleBar(micronsPerPixel: number, maxPixels: number): ScaleBar | null {
  const longest = micronsPerPixel * maxPixels;
  if (!(Number.isFinite(longest) && longest > 0)) {
    return null;
  }
  const exponent = Math.floor(Math.log10(longest));
  const step = ROUND_STEPS.find((candidate) => power(candidate, exponent) <= longest);
  // The logarithm of an exact power of ten may come out just above it.
  const microns = step === undefined ? power(5, exponent - 1) : power(step, exponent);
  return { microns, pixels: microns / micronsPerPixel, label: lengthLabel(microns) };
}

/** Return the µm of a screen px across, for a slide turned by `degrees` and shown at `zoom` screen px per px. */
export function micronsAcross(mpp: Mpp, degrees: number, zoom: number): number {
  const radians = (degrees * Math.PI) / 180;
  return Math.hypot(mpp.x * Math.cos(radians), mpp.y * Math.sin(radians)) / zoom;
}

function lengthLabel(microns: number): string {
  return microns < MICRONS_PER_MM ? `${microns}\u00a0µm` : `${microns / MICRONS_PER_MM}\u00a0mm`;
}

/** Return step * 10^exponent as the nearest number there is, without 0.30000000000000004. */
function power(step: number, exponent: number): number {
  return Number(`${step}e${exponent}`);
}
