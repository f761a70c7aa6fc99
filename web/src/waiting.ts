/** How long the pages wait: between two looks for an import to be done, and for a server on the way out. */

/** What signing out waits for each of the servers that it tells. */
export const GOODBYE_MS = 4000;

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

/** Return a function that runs another one so many ms after it was called first, however often it is called. */
export function gathered(ms: number, run: () => void): () => void {
  let waiting = false;
  return () => {
    if (!waiting) {
      waiting = true;
      setTimeout(() => {
        waiting = false;
        run();
      }, ms);
    }
  };
}

/** Wait until something is done, or so many ms have passed; it goes on in the latter case. */
export async function atMost(ms: number, done: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([done, passed]);
  } finally {
    clearTimeout(timer);
  }
}
