/** Everything that can go wrong between the page and the server, in words for the person in front of it. */

/** What may help against a problem other than trying the same again. */
export interface Remedy {
  readonly label: string;
  readonly run: () => void;
}

/** What a person is told when a request failed: RFC 9457 problem details, or the same in our words. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly remedy: Remedy | null;

  constructor(
    status: number,
    title: string,
    detail: string,
    options?: ErrorOptions & { readonly remedy?: Remedy },
  ) {
    super(`${title}: ${detail}`, options);
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.remedy = options?.remedy ?? null;
  }
}

/** Say whether an error only means that a newer request took the place of this one. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Return an error as something that can be shown; what is no ApiProblem is a fault of this page. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) {
    return error;
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new ApiProblem(0, "This page met an error", `${reason}. Reload the page to try again.`, {
    cause: error,
  });
}

/** Return the JSON of an answer; null when it holds none. */
export async function readJson(response: Response): Promise<unknown> {
  try {
    return (await response.json()) as unknown;
  } catch {
    // An HTML page of a proxy, or a body cut off: the status says all there is to say.
    return null;
  }
}

/** Read the problem details of a refusal; where there are none, say what the status means. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const body = (await readJson(response)) as { title?: unknown; detail?: unknown } | null;
  const [title, detail] = defaultWords(response.status);
  return new ApiProblem(response.status, text(body?.title) ?? title, text(body?.detail) ?? detail);
}

function text(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}

/** Return the problem of a request that no server answered. */
export function noAnswer(cause: unknown): ApiProblem {
  return new ApiProblem(
    0,
    "No answer from the server",
    "Check that this computer is connected and that labsight is running, then try again.",
    { cause },
  );
}

/** Return the problem of an answer that came, but is not what the API promises. */
export function unexpectedAnswer(detail: string): ApiProblem {
  return new ApiProblem(
    0,
    "Unexpected answer from the server",
    `${detail} Reload the page; if that does not help, tell whoever runs labsight.`,
  );
}

function defaultWords(status: number): [title: string, detail: string] {
  if (status === 401 || status === 403) {
    return ["Not permitted", "Ask for access, or sign out and in again as somebody who has it."];
  }
  if (status === 404) {
    return ["Not found", "Nothing is kept under this address."];
  }
  if (status === 429) {
    return ["Too many requests", "Wait a few seconds, then try again."];
  }
  if (status >= 500) {
    return ["The server could not answer", `It answered ${status}. Try again in a moment.`];
  }
  return ["The server refused the request", `It answered ${status}.`];
}
