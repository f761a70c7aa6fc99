import { describe, expect, test } from "vitest";
import {
  hasRoom,
  type Look,
  lookHash,
  MAX_SHOWN,
  readLook,
  tileQuery,
  usualLook,
  withChannel,
} from "../../src/look/look";
import { makeChannels, makeDescriptor } from "../make";

const SLIDE = makeDescriptor({
  channels: makeChannels("DAPI", "FITC", "Cy3"),
  z: { count: 5, shown: 2, step_um: 1 },
  t: { count: 7, shown: 0, step_s: null },
  icc_url: "/slides/aaaaaaaaaaaaaaaa/profile.icc",
});

function look(different: Partial<Look> = {}): Look {
  return { ...usualLook(SLIDE), ...different };
}

function channels(...changes: Parameters<typeof withChannel>[2][]) {
  return changes.reduce<Look["channels"]>(
    (all, change, number) => withChannel(all, number, change),
    usualLook(SLIDE).channels,
  );
}

describe("a tile's address", () => {
  test("says nothing of the usual look, so that it is the same in every cache", () => {
    expect(tileQuery(SLIDE, look())).toBe("");
    expect(tileQuery(makeDescriptor(), usualLook(makeDescriptor()))).toBe("");
  });

  test.each<[string, Partial<Look>]>([
    ["channels=0,2", { channels: channels({}, { shown: false }) }],
    ["channels=0:FF00FF,1,2", { channels: channels({ colour: "FF00FF" }) }],
    ["channels=0,1:20-300.5,2", { channels: channels({}, { window: [20, 300.5] }) }],
    [
      "channels=0,1,2:00FFFF:0-9",
      { channels: channels({}, {}, { colour: "00FFFF", window: [0, 9] }) },
    ],
    ["z=0", { z: 0 }],
    ["t=6", { t: 6 }],
    ["icc=srgb", { srgb: true }],
    [
      "channels=1,2&z=4&t=1&icc=srgb",
      { channels: channels({ shown: false }), z: 4, t: 1, srgb: true },
    ],
  ])("says what differs: %s", (query, different) => {
    expect(tileQuery(SLIDE, look(different))).toBe(query);
  });

  test("asks for a black channel where none is shown, as the server draws at least one", () => {
    const none = channels({ shown: false }, { shown: false }, { shown: false });
    expect(tileQuery(SLIDE, look({ channels: none }))).toBe("channels=0:000000");
  });

  test("asks for no conversion of colours that have no profile", () => {
    expect(tileQuery({ ...SLIDE, icc_url: null }, look({ srgb: true }))).toBe("");
  });

  test.each([
    [1e-9, "0"],
    [1234.567_891, "1234.568"],
    [-5, "-5"],
    [65_535, "65535"],
  ])("writes %d as the server reads numbers", (black, written) => {
    const asked = channels({ window: [black, 70_000] });
    expect(tileQuery(SLIDE, look({ channels: asked }))).toBe(`channels=0:${written}-70000,1,2`);
  });
});

describe("a link", () => {
  test.each<Partial<Look>>([
    {},
    { channels: channels({ shown: false }, { colour: "12AB34", window: [0.5, 20] }) },
    { channels: channels({ shown: false }, { shown: false }, { shown: false }) },
    { z: 4, t: 3 },
    { srgb: true },
  ])("brings the look back: %j", (different) => {
    const hash = `#x=1&y=2&z=0.5&${lookHash(SLIDE, look(different))}`;
    expect(readLook(SLIDE, hash)).toEqual(look(different));
  });

  test("names focal plane and time in other words than the zoom", () => {
    expect(lookHash(SLIDE, look({ z: 1, t: 2, srgb: true }))).toBe("focus=1&time=2&colours=srgb");
  });

  test.each([
    "#channels=9",
    "#channels=abc",
    "#channels=,",
    "#focus=5",
    "#focus=-1",
    "#focus=1.5",
    "#time=7",
    "#time=1e0",
    "#colours=p3",
    "#z=0",
  ])("asks for the usual look when it fits nothing: %s", (hash) => {
    expect(readLook(SLIDE, hash)).toEqual(look());
  });

  test("keeps what fits of a channel, and only the channels it names", () => {
    const { channels: read } = readLook(SLIDE, "#channels=1:00ff00:9-3,7,2:FFFFFF:1.2.3-4");
    expect(read.map(({ shown }) => shown)).toEqual([false, true, true]);
    expect(read[1]).toEqual({ shown: true, colour: "00FF00", window: [100, 4000] });
    expect(read[2]).toEqual({ shown: true, colour: "FFFFFF", window: [100, 4000] });
  });

  test("shows no more channels than the server takes", () => {
    const names = Array.from({ length: 20 }, (_, number) => `c${number}`);
    const many = makeDescriptor({ channels: makeChannels(...names) });
    const all = names.map((_, number) => number).join(",");
    const read = readLook(many, `#channels=${all}`);
    expect(read.channels.filter(({ shown }) => shown)).toHaveLength(MAX_SHOWN);
    expect(hasRoom(read)).toBe(false);
  });

  test("of a slide without a profile never asks for its colours", () => {
    expect(readLook(makeDescriptor(), "#colours=srgb").srgb).toBe(false);
  });
});
