/** What stands between a person and a slide, when it is not shown. */

import { ApiProblem } from "./problem";
import { failureWords } from "./row";
import type { Slide } from "./slides";

/** HTTP "conflict": the slide is there, but its state does not allow a view yet. */
export const STILL_IMPORTING = 409;

/** Trying again helps against a server that did not answer or a sign-in, not against a damaged file. */
export function mayPass({ status }: ApiProblem): boolean {
  return status === 0 || status === 401 || status === 403 || status >= 500;
}

/** Say why a slide that the catalog knows has no image; null when the catalog gives no reason. */
export function reasonNotShown(slide: Slide | null): ApiProblem | null {
  const failure = slide === null ? null : failureWords(slide);
  if (failure !== null) {
    return new ApiProblem(422, failure.title, failure.reason);
  }
  return slide?.import_state === "importing"
    ? new ApiProblem(
        STILL_IMPORTING,
        "Still importing",
        "It opens by itself as soon as it is imported.",
      )
    : null;
}
