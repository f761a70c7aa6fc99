import { describe, expect, test } from "vitest";
import { faultOf, isLocalAddress, type SlideDescriptor } from "../../src/slides";
import { makeDescriptor, makeLevels } from "../make";

test.each(["/slides/a/thumbnail.jpg?v=1", "/"])("%s stays on this origin", (address) => {
  expect(isLocalAddress(address)).toBe(true);
});

test.each([
  "//evil.test/x.jpg",
  "/\\evil.test/x.jpg",
  "https://evil.test/x.jpg",
  "javascript:alert(1)",
  "data:text/html,x",
  "x.jpg",
  "",
])("%s does not", (address) => {
  expect(isLocalAddress(address)).toBe(false);
});

describe("a descriptor", () => {
  test("of real levels has no fault", () => {
    expect(faultOf(makeDescriptor())).toBeNull();
  });

  const finest = makeLevels(1000, 800, { count: 1 });
  const withLevel = (different: object): Partial<SlideDescriptor> => ({
    levels: finest.map((level) => ({ ...level, ...different })),
    width: 1000,
    height: 800,
  });

  test.each<[string, Partial<SlideDescriptor>]>([
    ["it lists no level", { levels: [] }],
    ["its tile address is not on this server", { tile_url: "https://evil.test/{level}" }],
    ["its first level is not the full image", { width: 5 }],
    ["level 0 has an impossible size or tile grid", withLevel({ columns: 4 })],
    ["level 0 has an impossible size or tile grid", withLevel({ rows: 5 })],
    ["level 0 has an impossible size or tile grid", withLevel({ tile_width: 0 })],
    ["level 0 has an impossible size or tile grid", withLevel({ tile_height: 0.5 })],
    ["its first level is not the full image", withLevel({ width: -1 })],
  ])("is refused because %s", (reason, different) => {
    expect(faultOf(makeDescriptor(different))).toBe(reason);
  });
});
