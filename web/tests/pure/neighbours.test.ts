import { expect, test } from "vitest";
import { SlideApi } from "../../src/api";
import { findNeighbours } from "../../src/neighbours";
import type { Slide } from "../../src/slides";
import { FakeCatalog, makeSlide } from "../make";

const ALL = { q: "", state: null } as const;

const named = (id: string, state: Slide["import_state"] = "imported"): Slide =>
  makeSlide({ id, filename: `${id}.svs`, import_state: state });

async function around(slides: Slide[], id: string, list = ALL) {
  const { previous, next } = await findNeighbours(
    new SlideApi(new FakeCatalog(slides).fetch),
    id,
    list,
  );
  return [previous?.id ?? null, next?.id ?? null];
}

const THREE = [named("a"), named("b"), named("c")];

test.each([
  ["a", [null, "b"]],
  ["b", ["a", "c"]],
  ["c", ["b", null]],
])("the neighbours of %s are %s", async (id, expected) => {
  expect(await around(THREE, id)).toEqual(expected);
});

test("slides that cannot be opened are passed over", async () => {
  const slides = [named("a"), named("x", "failed"), named("b"), named("y", "importing")];
  expect(await around(slides, "b")).toEqual(["a", null]);
});

test("the search of the list decides who is next", async () => {
  const slides = [named("s1-a"), named("s2-b"), named("s1-c")];
  expect(await around(slides, "s1-a", { q: "s1", state: null } as never)).toEqual([null, "s1-c"]);
});

test("a slide that the list does not hold has none", async () => {
  expect(await around(THREE, "zzz")).toEqual([null, null]);
});

test("neighbours are found across pages", async () => {
  const slides = Array.from({ length: 450 }, (_, i) => named(`s${i}`));
  expect(await around(slides, "s199")).toEqual(["s198", "s200"]);
  expect(await around(slides, "s200")).toEqual(["s199", "s201"]);
});

test("the search ends after 1000 slides", async () => {
  const slides = Array.from({ length: 3000 }, (_, i) => named(`s${i}`));
  const catalog = new FakeCatalog(slides);
  await findNeighbours(new SlideApi(catalog.fetch), "s2500", ALL);
  expect(catalog.asked).toHaveLength(5);
});
