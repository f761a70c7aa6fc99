/** How reading out of the bucket fails, other than by the network. */

export type DirectFault =
  /** The bucket did not take the address: it has run out, or was never good. */
  | "refused"
  /** What is there is not what was indexed, or the index itself is not readable: trying again is of no use. */
  | "other";

export class DirectError extends Error {
  override readonly name = "DirectError";
  readonly fault: DirectFault;

  constructor(fault: DirectFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** Make the error of bytes that do not fit together. */
export function unfit(message: string): DirectError {
  return new DirectError("other", message);
}

/** Say whether an error is of a kind. */
export function isFault(error: unknown, fault: DirectFault): boolean {
  return error instanceof DirectError && error.fault === fault;
}
