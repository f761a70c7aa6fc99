/** Magnification as at a microscope: 1 image px per screen px is what the scanner's objective gave. */

import type { Mpp } from "./slides";

/** The usual objectives; a slide is offered those up to its own. */
const OBJECTIVES = [1, 5, 10, 20, 40] as const;

/** A 40x scan has about 0.25 µm per px, so objective and mpp are tied by this product. */
const OBJECTIVE_TIMES_MPP = 10;
const SCAN_OBJECTIVES = [1.25, 2.5, 5, 10, 20, 40, 60, 80, 100] as const;

export interface NativeMagnification {
  readonly value: number;
  /** True when derived from mpp because the file names no objective. */
  readonly estimated: boolean;
}

/** Return the magnification of the finest level: as recorded, else estimated from mpp, else null. */
export function nativeMagnification(
  recorded: number | null,
  mpp: Mpp | null,
): NativeMagnification | null {
  if (recorded !== null && recorded > 0) {
    return { value: recorded, estimated: false };
  }
  if (mpp === null || !(mpp.x > 0)) {
    return null;
  }
  return { value: nearestObjective(OBJECTIVE_TIMES_MPP / mpp.x), estimated: true };
}

/** Return the magnifications to offer, ascending; the native one is always the last. */
export function magnificationSteps(native: number): number[] {
  return [...OBJECTIVES.filter((step) => step < native), native];
}

/** Write 12.345 as 12.3×, 40 as 40×, 0.4567 as 0.46×. */
export function magnificationLabel(value: number): string {
  const digits = value < 1 ? 2 : 1;
  return `${Number(value.toFixed(digits))}×`;
}

function nearestObjective(value: number): number {
  const distance = (objective: number) => Math.abs(Math.log(objective / value));
  return SCAN_OBJECTIVES.reduce((best, next) => (distance(next) < distance(best) ? next : best));
}
