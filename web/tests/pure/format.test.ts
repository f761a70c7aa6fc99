import { describe, expect, test } from "vitest";
import { byteSize, moment, physicalSize, pixelSize, resolution } from "../../src/format";

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");

test("sizes in px are grouped", () => {
  expect(plain(pixelSize(46_000, 932))).toBe("46,000 × 932 px");
});

test("the scanned area is in mm", () => {
  expect(plain(physicalSize(46_000, 32_914, { x: 0.25, y: 0.5 }))).toBe("11.5 × 16.5 mm");
});

test.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [4211, "4.2 kB"],
  [1_938_955, "1.9 MB"],
  [880_000_000, "880 MB"],
  [2_400_000_000, "2.4 GB"],
  [3_000_000_000_000_000, "3000 TB"],
])("%i bytes are %s", (bytes, words) => {
  expect(plain(byteSize(bytes))).toBe(words);
});

test.each([
  [0.499, 0.499, "0.499 µm/px"],
  [0.252_63, 0.252_59, "0.253 µm/px"],
  [0.5, 0.25, "0.5 × 0.25 µm/px"],
  [0.5, null, "0.5 µm/px"],
])("a resolution of %f by %f is %s", (x, y, words) => {
  expect(plain(resolution(x, y))).toBe(words);
});

describe("a moment", () => {
  const now = new Date("2026-03-10T12:00:00Z");

  test.each([
    ["2026-03-10T11:59:30Z", "just now"],
    ["2026-03-10T11:58:00Z", "2 min. ago"],
    ["2026-03-10T09:30:00Z", "2 hr. ago"],
    ["2026-03-09T11:00:00Z", "yesterday"],
    ["2026-03-04T13:00:00Z", "5 days ago"],
    ["2026-03-03T12:00:00Z", "3 Mar 2026"],
    ["2027-01-01T12:00:00Z", "1 Jan 2027"],
  ])("%s is %s", (iso, words) => {
    expect(moment(iso, now)?.short).toBe(words);
  });

  test("has date and time in full", () => {
    expect(moment("2026-03-04T13:05:00Z", now)?.full).toMatch(/^4 Mar 2026, \d\d:05$/);
  });

  test.each([null, "", "yesterday", "2026-99-99"])("is none: %s", (iso) => {
    expect(moment(iso, now)).toBeNull();
  });
});
