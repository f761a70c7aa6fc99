import { describe, expect, test } from "vitest";
import {
  listAddress,
  positionHash,
  readListState,
  readPosition,
  readSlideId,
  viewerAddress,
} from "../../src/urlstate";

describe("the list's address", () => {
  test("holds search and filter", () => {
    expect(listAddress({ q: "S26 & Ü/1", state: "failed" })).toBe(
      "/?q=S26+%26+%C3%9C%2F1&state=failed",
    );
  });

  test("is bare for all slides", () => {
    expect(listAddress({ q: "", state: null })).toBe("/");
  });

  test("reads back what it wrote", () => {
    const list = { q: '<b>"S26" & more</b>', state: "importing" } as const;
    expect(readListState(new URL(listAddress(list), "http://labsight.test").search)).toEqual(list);
  });

  test.each(["?state=deleted", "?state=", "?state=IMPORTED", "?other=1"])(
    "ignores what it does not know: %s",
    (search) => {
      expect(readListState(search)).toEqual({ q: "", state: null });
    },
  );

  test("trims and bounds the search", () => {
    expect(readListState("?q=%20%20a%20").q).toBe("a");
    expect(readListState(`?q=${"a".repeat(5000)}`).q).toHaveLength(200);
  });
});

describe("the viewer's address", () => {
  test("names the slide and the list it came from", () => {
    const address = viewerAddress("aaaaaaaaaaaaaaaa", { q: "S26", state: "imported" });
    expect(address).toBe("/viewer.html?slide=aaaaaaaaaaaaaaaa&q=S26&state=imported");
    const { search } = new URL(address, "http://labsight.test");
    expect(readSlideId(search)).toBe("aaaaaaaaaaaaaaaa");
    expect(readListState(search)).toEqual({ q: "S26", state: "imported" });
  });

  test("escapes an id that is none", () => {
    const address = viewerAddress("../x?a=b&c#d", { q: "", state: null });
    expect(address).toBe("/viewer.html?slide=..%2Fx%3Fa%3Db%26c%23d");
  });

  test.each(["", "?slide=", "?q=S26"])("names no slide: %s", (search) => {
    expect(readSlideId(search)).toBeNull();
  });
});

describe("the place on a slide", () => {
  test("is written in whole px and read back", () => {
    const hash = positionHash({ x: 1234.4, y: 567.8, zoom: 0.123_456, rotation: 90 });
    expect(hash).toBe("#x=1234&y=568&z=0.1235&r=90");
    expect(readPosition(hash)).toEqual({ x: 1234, y: 568, zoom: 0.1235, rotation: 90 });
  });

  test.each([
    [0, ""],
    [360, ""],
    [-360, ""],
    [359.9, ""],
    [-90, "&r=270"],
    [450, "&r=90"],
  ])("turns of %f degrees come down to one", (rotation, written) => {
    expect(positionHash({ x: 1, y: 2, zoom: 1, rotation })).toBe(`#x=1&y=2&z=1${written}`);
  });

  test("may lie outside the slide, where a view was dragged", () => {
    expect(readPosition("#x=-100&y=-5&z=2")).toEqual({ x: -100, y: -5, zoom: 2, rotation: 0 });
  });

  test.each([
    "",
    "#",
    "#x=1&y=2",
    "#x=1&y=2&z=0",
    "#x=1&y=2&z=-1",
    "#x=one&y=2&z=1",
    "#x=&y=2&z=1",
    "#x=1&y=2&z=Infinity",
    "#x=NaN&y=2&z=1",
  ])("is none: %s", (hash) => {
    expect(readPosition(hash)).toBeNull();
  });

  test("is not turned by nonsense", () => {
    expect(readPosition("#x=1&y=2&z=1&r=left")?.rotation).toBe(0);
  });
});
