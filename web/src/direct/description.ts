/** What the server tells of reading a slide's tiles out of the bucket. */

const LOOPBACK: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

export interface DirectDescription {
  readonly version: string;
  readonly expires_seconds: number;
  /** An address for each file of the slide: whoever has it may read the file until it expires. */
  readonly files: readonly string[];
  /** The slide's index, base64. */
  readonly index: string;
}

/**
 * Say whether an address may be one of a bucket.
 *
 * These alone are followed to another origin: encrypted, or not leaving the machine at all. Nothing but a
 * byte range is sent there, and what comes back is only ever drawn.
 */
export function isBucketAddress(address: unknown): boolean {
  const url = typeof address === "string" ? URL.parse(address) : null;
  if (url === null || url.username !== "" || url.password !== "") {
    return false;
  }
  const local = url.protocol === "http:" && LOOPBACK.includes(url.hostname);
  return url.protocol === "https:" || local;
}

/** Say why a description cannot be used, or return null when it can. */
export function directFault(description: DirectDescription, version: string): string | null {
  const { version: told, expires_seconds: seconds, files, index } = description;
  if (told !== version) {
    return "it is of another version of the slide";
  }
  if (!(Array.isArray(files) && files.length > 0 && files.every(isBucketAddress))) {
    return "its files have no safe address";
  }
  if (!(typeof index === "string" && Number.isFinite(seconds) && seconds > 0)) {
    return "it holds no index, or no time";
  }
  return null;
}
