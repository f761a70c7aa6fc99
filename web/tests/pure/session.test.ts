import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Access } from "../../src/access";
import {
  AUTHORITY,
  CLIENT,
  FakeDeployment,
  problemOf,
  rest,
  signIn,
  stopTime,
} from "../fake-login";
import { FakeTab, ORIGIN } from "../fake-tab";
import { json } from "../make";

const HOUR = 3_600_000;

let deployment: FakeDeployment;
let tab: FakeTab;

async function signedIn(path = "/?q=a"): Promise<Access> {
  tab = new FakeTab(path);
  return await signIn(deployment, tab);
}

beforeEach(() => {
  stopTime();
  deployment = new FakeDeployment();
  tab = new FakeTab("/");
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a sign-in that lasts", () => {
  test("is renewed before it runs out, without a request", async () => {
    const page = await signedIn();
    await page.fetch("/api/slides", {});
    await vi.advanceTimersByTimeAsync(HOUR - 30_000);
    expect(deployment.count("POST", "/oauth2/token")).toBe(2);
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(deployment.count("POST", "/oauth2/token")).toBe(3);
    expect(tab.left).toHaveLength(1);
  });

  test("is renewed once for many requests", async () => {
    await signedIn();
    const page = tab.load(deployment);
    const paths = ["/api/slides", "/api/slides/a", "/slides/a/slide.json"];
    await Promise.all(paths.map((path) => page.fetch(path, {})));
    expect(deployment.count("POST", "/oauth2/token")).toBe(2);
  });

  test("is renewed when the API does not take the token any more", async () => {
    const page = await signedIn();
    deployment.good.clear();
    expect((await page.fetch("/api/slides", {})).status).toBe(200);
  });

  test.each([0, 30, -1, 1e12])("is not renewed without a pause: %d s", async (seconds) => {
    await signedIn();
    Object.assign(deployment.faults, { seconds });
    const page = tab.load(deployment);
    await page.fetch("/slides/a/slide.json", {});
    const before = deployment.count("POST", "/oauth2/token");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(deployment.count("POST", "/oauth2/token") - before).toBeLessThanOrEqual(2);
  });

  test("is told when not even a new token is taken", async () => {
    const page = await signedIn();
    deployment.good.add = () => deployment.good;
    deployment.good.clear();
    const problem = await problemOf(page.fetch("/api/slides", {}));
    expect(problem.title).toBe("Your sign-in is not accepted here");
    expect(tab.left).toHaveLength(1);
  });

  test("is told when it ended in the middle of the work, and goes on from there", async () => {
    const page = await signedIn("/?q=here");
    deployment.refreshes.clear();
    deployment.good.clear();
    const problem = await problemOf(page.fetch("/api/slides", {}));
    expect([problem.title, tab.left.length]).toEqual(["Your sign-in has ended", 1]);
    problem.remedy?.run();
    await rest();
    expect(tab.storage.getItem("labsight.attempt")).toContain("/?q=here");
  });

  test("that ended between two pages is begun anew by itself", async () => {
    await signedIn();
    deployment.refreshes.clear();
    void tab.load(deployment).fetch("/api/slides", {});
    await rest();
    expect(tab.left).toHaveLength(2);
  });
});

describe("tile cookies", () => {
  test("are had before a request for tiles, and once for many pages", async () => {
    const page = await signedIn();
    await page.fetch("/slides/a/slide.json", {});
    await tab.load(deployment).fetch("/slides/a/slide.json", {});
    const order = deployment.asked.map((one) => `${one.method} ${one.address}`);
    expect(order.indexOf("POST /api/session")).toBeLessThan(
      order.indexOf("GET /slides/a/slide.json"),
    );
    expect(deployment.count("POST", "/api/session")).toBe(1);
  });

  test("are renewed while they still hold, and tried again when that fails", async () => {
    const page = await signedIn();
    await page.fetch("/api/slides", {});
    const { session } = deployment;
    deployment.session = () => json({}, 503);
    await vi.advanceTimersByTimeAsync(45 * 60_000);
    deployment.session = session;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(deployment.count("POST", "/api/session")).toBe(3);
    expect(deployment.cookies).toBe(true);
  });

  test("are renewed after the computer slept", async () => {
    const page = await signedIn();
    await page.fetch("/api/slides", {});
    deployment.cookies = false;
    vi.setSystemTime(Date.now() + HOUR);
    await page.wake();
    expect(deployment.cookies).toBe(true);
  });

  test("are renewed when a slide is refused, once", async () => {
    const page = await signedIn();
    await page.fetch("/api/slides", {});
    deployment.cookies = false;
    expect((await page.fetch("/slides/a/slide.json", {})).status).toBe(200);
    deployment.session = () => json({ detail: "You have no role yet." }, 403);
    deployment.cookies = false;
    const problem = await problemOf(page.fetch("/slides/a/slide.json", {}));
    expect([problem.status, problem.detail]).toEqual([403, "You have no role yet."]);
  });

  test("can be asked for before tiles are tried again", async () => {
    const page = await signedIn();
    deployment.cookies = false;
    await page.renewTiles();
    expect(deployment.cookies).toBe(true);
  });
});

describe("signing out", () => {
  test("ends session and tokens, here and at the authority", async () => {
    const page = await signedIn();
    await page.fetch("/api/slides", {});
    void page.signOut();
    await rest();
    const query = new URLSearchParams({ client_id: CLIENT, logout_uri: `${ORIGIN}/` });
    expect(tab.left.at(-1)).toBe(`${AUTHORITY}/logout?${query}`);
    expect([deployment.cookies, deployment.refreshes.size]).toEqual([false, 0]);
    expect(tab.people.at(-1)).toBeNull();
  });

  test("works when the server does not answer", async () => {
    const page = await signedIn();
    deployment.good.clear();
    deployment.faults.tokens = () => Response.error();
    void page.signOut();
    await rest();
    expect(tab.left.at(-1)).toContain("/logout?");
  });

  test.each(["DELETE /api/session", "POST /oauth2/revoke"])(
    "does not wait for ever for an answer: %s",
    async (what) => {
      const page = await signedIn();
      deployment.faults.slow = { what, until: new Promise(() => undefined) };
      void page.signOut();
      await vi.advanceTimersByTimeAsync(5000);
      expect(tab.left.at(-1)).toContain("/logout?");
      expect(tab.storage.getItem("labsight.refresh")).toBeNull();
    },
  );

  test("ends cookies that were on their way", async () => {
    const page = await signedIn();
    let answer: () => void = () => undefined;
    const until = new Promise<void>((resolve) => {
      answer = resolve;
    });
    deployment.faults.slow = { what: "POST /api/session", until };
    void page.renewTiles();
    await vi.advanceTimersByTimeAsync(1);
    void page.signOut();
    await vi.advanceTimersByTimeAsync(1);
    expect(deployment.count("DELETE", "/api/session")).toBe(0);
    answer();
    await rest();
    expect(deployment.cookies).toBe(false);
    expect(deployment.count("DELETE", "/api/session")).toBe(1);
    expect(tab.storage.getItem("labsight.tiles-until")).toBeNull();
  });

  test("is not undone by a renewal that was under way", async () => {
    const page = await signedIn();
    await page.fetch("/api/slides", {});
    let answer: () => void = () => undefined;
    const until = new Promise<void>((resolve) => {
      answer = resolve;
    });
    deployment.faults.slow = { what: "POST /oauth2/token", until };
    await vi.advanceTimersByTimeAsync(HOUR - 30_000);
    expect(deployment.count("POST", "/oauth2/token")).toBe(2);
    void page.signOut();
    await vi.advanceTimersByTimeAsync(9000);
    answer();
    await rest();
    expect(tab.people.at(-1)).toBeNull();
    expect(tab.storage.getItem("labsight.signed-out")).toBe("yes");
    expect(tab.storage.getItem("labsight.refresh")).toBeNull();
  });

  test("leaves a page that says so, and signs nobody in by itself", async () => {
    const page = await signedIn();
    void page.signOut();
    await rest();
    const left = tab.left.length;
    const problem = await problemOf(tab.load(deployment, "/").fetch("/api/slides", {}));
    expect([problem.title, tab.left.length]).toEqual(["You are signed out", left]);
    problem.remedy?.run();
    await rest();
    expect(tab.left).toHaveLength(left + 1);
  });
});
