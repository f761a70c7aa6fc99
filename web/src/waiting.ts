/** How often the pages look again for an import to be done. */

const FIRST_LOOK_MS = 3000;
const LAST_LOOK_MS = 30_000;
const GROWTH = 1.25;

/**
 * Return the ms to wait before looking again for the `looks`-th time.
 *
 * Less and less often, and a page only looks while something is imported and it can be seen: a tab left open
 * must not keep a sleeping database awake.
 */
export function delayBeforeLook(looks: number): number {
  return Math.min(FIRST_LOOK_MS * GROWTH ** looks, LAST_LOOK_MS);
}
