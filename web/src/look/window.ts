/** The scale of a channel's sliders: sample values that are worth choosing from. */

import type { SampleWindow } from "../slides";

/** A scale goes so far beyond what is usually shown as white: farther, a slider's px are too coarse. */
const BEYOND_WHITE = 2;
const ROUND_STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10] as const;
const BITS_PER_BYTE = 8;

/** Return the largest value that samples of so many bits have. */
export function fullSample(bits: number): number {
  return 2 ** (bits > BITS_PER_BYTE ? 2 * BITS_PER_BYTE : BITS_PER_BYTE) - 1;
}

/**
 * Return the ends of a channel's scale.
 *
 * The dim samples of 16 bits lie in the first few thousand of 65,536 values, so the scale ends at a round
 * number above the usual white, or above what is asked for.
 */
export function scaleOf(usual: SampleWindow, asked: SampleWindow, bits: number): SampleWindow {
  const low = Math.floor(Math.min(0, usual[0], asked[0]));
  const full = fullSample(bits);
  const wanted = Math.max(usual[1] * BEYOND_WHITE, asked[1], 1);
  const high = full < 256 ? full : Math.min(full, roundUp(wanted));
  return [low, Math.max(high, Math.ceil(usual[1]))];
}

/** Return a window with another black point, in which white stays above it; null for no number. */
export function withBlack([, white]: SampleWindow, black: number, scale: SampleWindow) {
  return Number.isFinite(black) ? clamped(black, Math.max(black + 1, white), scale) : null;
}

/** Return a window with another white point, in which black stays below it; null for no number. */
export function withWhite([black]: SampleWindow, white: number, scale: SampleWindow) {
  return Number.isFinite(white) ? clamped(Math.min(black, white - 1), white, scale) : null;
}

function clamped(black: number, white: number, [low, high]: SampleWindow): SampleWindow {
  const first = Math.min(Math.max(black, low), high - 1);
  return [first, Math.min(Math.max(white, first + 1), high)];
}

function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = ROUND_STEPS.find((candidate) => candidate * power >= value) ?? 10;
  return Math.ceil(step * power);
}
