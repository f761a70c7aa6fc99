import { describe, expect, test } from "vitest";
import { type Fetch, SlideApi } from "../../src/api";
import { ApiProblem, asProblem, isAbort } from "../../src/problem";
import { FakeCatalog, json, makeDescriptor, makeSlide } from "../make";

const QUERY = { q: "", state: null, limit: 50, cursor: null } as const;

function apiAnswering(answer: () => Response): SlideApi {
  return new SlideApi(() => Promise.resolve(answer()));
}

/** Ask for slides and return the problem that this ends in. */
async function problemFrom(answer: () => Response): Promise<ApiProblem> {
  const ended: unknown = await apiAnswering(answer)
    .slides(QUERY)
    .catch((caught) => caught);
  if (!(ended instanceof ApiProblem)) {
    throw new TypeError(`a problem was expected, not ${JSON.stringify(ended)}`);
  }
  return ended;
}

describe("requests", () => {
  test("name page, search and state, and leave out what is not asked", async () => {
    const catalog = new FakeCatalog([makeSlide()]);
    const api = new SlideApi(catalog.fetch);
    await api.slides(QUERY);
    await api.slides({ q: "a b&c", state: "failed", limit: 200, cursor: "x/y=" });
    expect(catalog.asked.map(({ search }) => search)).toEqual([
      "?limit=50",
      "?limit=200&cursor=x%2Fy%3D&q=a+b%26c&state=failed",
    ]);
  });

  test("escape the id, so that it stays one part of the path", async () => {
    const asked: string[] = [];
    const recording: Fetch = (address) => {
      asked.push(address);
      return Promise.resolve(json(makeDescriptor()));
    };
    const api = new SlideApi(recording);
    await api.slide("../../secret");
    await api.descriptor("a/b?c");
    expect(asked).toEqual(["/api/slides/..%2F..%2Fsecret", "/slides/a%2Fb%3Fc/slide.json"]);
  });

  test("ask for JSON and hand on the signal that stops them", async () => {
    const seen: RequestInit[] = [];
    const api = new SlideApi((_, init) => {
      seen.push(init);
      return Promise.resolve(json({ items: [], next_cursor: null }));
    });
    const { signal } = new AbortController();
    await api.slides(QUERY, signal);
    expect(seen).toEqual([{ headers: { accept: "application/json" }, signal }]);
  });

  test("return what the server sent", async () => {
    const slide = makeSlide();
    const api = new SlideApi(new FakeCatalog([slide]).fetch);
    expect((await api.slides(QUERY)).items).toEqual([slide]);
    expect(await api.slide(slide.id)).toEqual(slide);
  });
});

describe("a refusal", () => {
  test("is told in the words of the server", async () => {
    const body = {
      type: "about:blank",
      title: "No such slide",
      status: 404,
      detail: "Open another.",
    };
    const problem = await problemFrom(() => json(body, 404));
    expect([problem.status, problem.title, problem.detail]).toEqual([
      404,
      "No such slide",
      "Open another.",
    ]);
  });

  test.each([
    [401, "Not permitted"],
    [403, "Not permitted"],
    [404, "Not found"],
    [418, "The server refused the request"],
    [429, "Too many requests"],
    [502, "The server could not answer"],
  ])("with status %i and a page of a proxy is told in ours", async (status, title) => {
    const page = () => new Response("<html><h1>Traceback</h1></html>", { status });
    const problem = await problemFrom(page);
    expect(problem.status).toBe(status);
    expect(problem.title).toBe(title);
    expect(problem.detail).not.toContain("Traceback");
    expect(problem.detail).not.toBe("");
  });

  test("whose words are no text is told in ours", async () => {
    const problem = await problemFrom(() => json({ title: 7, detail: { a: 1 } }, 500));
    expect(problem.title).toBe("The server could not answer");
    expect(problem.detail).toContain("500");
  });
});

describe("an answer that is not what the API promises", () => {
  test.each([
    ["a page instead of JSON", () => new Response("<html></html>")],
    ["JSON cut off", () => new Response('{"items": [')],
    ["null", () => json(null)],
    ["no items", () => json({ next_cursor: null })],
  ])("is named as such: %s", async (_, answer) => {
    const problem = await problemFrom(answer);
    expect(problem.title).toBe("Unexpected answer from the server");
    expect(problem.detail).toContain("Reload");
  });

  test("is named when a descriptor cannot be shown", async () => {
    const api = apiAnswering(() => json(makeDescriptor({ levels: [] })));
    await expect(api.descriptor("aaaaaaaaaaaaaaaa")).rejects.toThrow("it lists no level");
  });
});

test("no answer at all tells what to check", async () => {
  const failing = new SlideApi(() => Promise.reject(new TypeError("Failed to fetch")));
  const error = (await failing.slides(QUERY).catch((caught) => caught)) as ApiProblem;
  expect([error.status, error.title]).toEqual([0, "No answer from the server"]);
  expect(error.detail).toContain("labsight is running");
});

test("a problem of signing in is passed on with its own words and remedy", async () => {
  const ended = new ApiProblem(401, "Your sign-in has ended", "Sign in again.");
  const api = new SlideApi(() => Promise.reject(ended));
  await expect(api.slides(QUERY)).rejects.toBe(ended);
});

test("a request that was stopped is no problem to show", async () => {
  const stopped = new SlideApi(() => Promise.reject(new DOMException("stopped", "AbortError")));
  const error: unknown = await stopped.slides(QUERY).catch((caught) => caught);
  expect(isAbort(error)).toBe(true);
});

test("a fault of the page itself becomes a problem to show", () => {
  const problem = asProblem(new RangeError("level 9"));
  expect([problem.status, problem.title]).toEqual([0, "This page met an error"]);
  expect(problem.detail).toContain("level 9");
  expect(asProblem(problem)).toBe(problem);
});
