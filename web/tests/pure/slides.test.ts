import { describe, expect, test } from "vitest";
import { type Channel, faultOf, isLocalAddress, type SlideDescriptor } from "../../src/slides";
import { makeChannels, makeDescriptor, makeLevels } from "../make";

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

  const withChannel = (different: Partial<Channel>): Partial<SlideDescriptor> => ({
    channels: makeChannels("DAPI", "FITC").map((channel) =>
      channel.number === 1 ? { ...channel, ...different } : channel,
    ),
  });

  test("of channels, focal planes and times has no fault either", () => {
    const [z, t] = [
      { count: 5, shown: 4, step_um: 0.5 },
      { count: 7, shown: 0, step_s: null },
    ];
    expect(faultOf(makeDescriptor({ channels: makeChannels("DAPI"), z, t }))).toBeNull();
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
    ["one of its addresses is not on this server", { direct_url: "https://evil.test/direct.json" }],
    ["one of its addresses is not on this server", { icc_url: "//evil.test/profile.icc" }],
    ["one of its addresses is not on this server", { iiif_url: 5 as unknown as string }],
    ["it does not say which channels it has", { channels: null as unknown as [] }],
    ["channel 1 has an impossible number, colour or window", withChannel({ number: 5 })],
    ["channel 1 has an impossible number, colour or window", withChannel({ colour: "red" })],
    ["channel 1 has an impossible number, colour or window", withChannel({ window: [5, 1] })],
    ["channel 1 has an impossible number, colour or window", withChannel({ window: [0] as never })],
    ["channel 1 has an impossible number, colour or window", withChannel({ shown: 1 as never })],
    ["its focal planes or times make no sense", { z: { count: 0, shown: 0, step_um: null } }],
    ["its focal planes or times make no sense", { z: { count: 3, shown: 3, step_um: null } }],
    ["its focal planes or times make no sense", { t: { count: 2, shown: -1, step_s: null } }],
    ["its focal planes or times make no sense", { t: null as never }],
  ])("is refused because %s", (reason, different) => {
    expect(faultOf(makeDescriptor(different))).toBe(reason);
  });
});
