import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Access } from "../../src/access";
import type { ApiProblem } from "../../src/problem";
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

describe("without a login", () => {
  beforeEach(() => {
    deployment.config = () => json({ login: null });
  });

  test("requests go out as they are, and nobody is shown", async () => {
    const page = tab.load(deployment);
    await page.arrive();
    const init = { headers: { accept: "application/json" } };
    const answer = await page.fetch("/slides/a/slide.json", init);
    await page.signOut();
    await page.renewTiles();
    expect(answer.status).toBe(403);
    expect(deployment.asked.map(({ address, token }) => [address, token])).toEqual([
      ["/config.json", null],
      ["/slides/a/slide.json", null],
    ]);
    expect([tab.people, tab.left, tab.storage.length]).toEqual([[], [], 0]);
  });
});

describe("settings that cannot be used", () => {
  test.each([
    ["none", () => json({}), "do not say how to sign in"],
    ["a page", () => new Response("<html></html>"), "do not say how to sign in"],
    ["no client", () => json({ login: { authority: AUTHORITY, scopes: [] } }), "no complete"],
    [
      "an address in the clear",
      () => json({ login: { authority: "http://login.test", clientId: "c", scopes: ["openid"] } }),
      "http://login.test is not encrypted",
    ],
    ["an error", () => json({ detail: "Out of order." }, 503), "Out of order."],
  ])("are told: %s", async (_, config, words) => {
    deployment.config = config;
    const problem = await problemOf(tab.load(deployment).fetch("/api/slides", {}));
    expect(problem.detail).toContain(words);
    expect(tab.left).toEqual([]);
  });

  test("are read again when it is tried again", async () => {
    const { config } = deployment;
    deployment.config = () => json({}, 503);
    const page = tab.load(deployment);
    await problemOf(page.fetch("/api/slides", {}));
    deployment.config = config;
    void page.fetch("/api/slides", {});
    await rest();
    expect(tab.left).toHaveLength(1);
  });

  test("may name this server itself, as on one's own machine", async () => {
    const login = { authority: ORIGIN, clientId: "c", scopes: ["openid"] };
    deployment.config = () => json({ login });
    void tab.load(deployment).fetch("/api/slides", {});
    await rest();
    expect(tab.left[0]).toContain(`${ORIGIN}/oauth2/authorize?`);
  });
});

describe("signing in", () => {
  test("asks the authority with a challenge, and asks the API for nothing before", async () => {
    void tab.load(deployment).fetch("/api/slides", {});
    await rest();
    const [address] = tab.left;
    const query = Object.fromEntries(new URL(address ?? "").searchParams);
    expect(address).toContain(`${AUTHORITY}/oauth2/authorize?`);
    expect(query).toMatchObject({
      response_type: "code",
      client_id: CLIENT,
      redirect_uri: `${ORIGIN}/`,
      scope: "openid email",
      code_challenge_method: "S256",
    });
    expect(query["code_challenge"]).toHaveLength(43);
    expect(tab.storage.getItem("labsight.attempt")).toContain(query["state"]);
    expect(address).not.toContain(
      JSON.parse(tab.storage.getItem("labsight.attempt") ?? "").verifier,
    );
    expect(deployment.asked.map((one) => one.address)).toEqual(["/config.json"]);
  });

  test("begins once, however many requests find out", async () => {
    const page = tab.load(deployment);
    void page.fetch("/api/slides", {});
    void page.fetch("/slides/a/slide.json", {});
    void page.fetch("/api/slides/a", {});
    await rest();
    expect(tab.left).toHaveLength(1);
  });

  test("ends on the page asked for, with a token, cookies and a name", async () => {
    const page = await signedIn("/?q=a#x");
    const answer = await page.fetch("/api/slides", {});
    expect(answer.status).toBe(200);
    expect(tab.address).toBe("/?q=a#x");
    expect(tab.people.at(-1)).toBe("ä.lab@example.org");
    expect(deployment.cookies).toBe(true);
    expect(tab.storage.getItem("labsight.attempt")).toBeNull();
  });

  test("leads back to another page, which needs no second sign-in", async () => {
    await signedIn("/viewer.html?slide=a#z=1");
    expect(tab.left).toHaveLength(2);
    expect(tab.left[1]).toBe("/viewer.html?slide=a#z=1");
    const page = tab.load(deployment, tab.left[1]);
    await page.arrive();
    expect((await page.fetch("/slides/a/slide.json", {})).status).toBe(200);
    expect(tab.left).toHaveLength(2);
  });

  test("keeps no access token where it would outlive the page", async () => {
    await signedIn();
    const kept = Array.from({ length: tab.storage.length }, (_, i) => tab.storage.key(i));
    const values = kept.map((key) => tab.storage.getItem(key ?? ""));
    expect(values.filter((value) => value?.startsWith("access"))).toEqual([]);
  });

  test("never leads to another site, whatever address the page had", async () => {
    await signedIn(`${ORIGIN}//evil.test/`);
    expect(tab.left.filter((address) => address.startsWith("//"))).toEqual([]);
  });
});

describe("a sign-in that is not in order", () => {
  /** Come back with an address and return what the first request is told. */
  async function cameBack(change: (address: string) => string): Promise<ApiProblem> {
    void tab.load(deployment).fetch("/api/slides", {});
    await rest();
    const page = tab.load(deployment, change(deployment.signIn(tab.left[0] ?? "")));
    void page.arrive();
    await rest();
    return await problemOf(page.fetch("/api/slides", {}));
  }

  test.each([
    ["another state", (a: string) => `${a}x`, "begun in another tab"],
    ["another code", (a: string) => a.replace("code=", "code=x"), "took too long"],
    [
      "a refusal",
      (a: string) => a.replace(/code=[^&]*/, "error=access_denied&error_description=Not+today"),
      "Not today. Sign in again",
    ],
  ])("is told, with a way to sign in: %s", async (_, change, words) => {
    const problem = await cameBack(change);
    expect([problem.status, problem.remedy?.label]).toEqual([401, "Sign in"]);
    expect(problem.detail).toContain(words);
    expect(tab.address).toBe("/");
    problem.remedy?.run();
    await rest();
    expect(tab.left).toHaveLength(2);
  });

  test("shows no words of a link that somebody sends", async () => {
    const words = "error=x&error_description=Call+0900+1234&state=x";
    const problem = await cameBack(() => `/?${words}`);
    expect(problem.detail).toContain("begun in another tab");
    expect(problem.message).not.toContain("0900");
  });

  test.each([
    ["nonce", { nonce: "another" }],
    ["audience", { audience: "another" }],
  ])("is not taken with another %s", async (_, fault) => {
    Object.assign(deployment.faults, fault);
    const problem = await cameBack((address) => address);
    expect(problem.detail).toContain("belongs to another one");
    expect(tab.people).toEqual([]);
  });

  test("is told when the authority is out of order", async () => {
    deployment.faults.tokens = () => new Response("<html></html>", { status: 500 });
    const problem = await cameBack((address) => address);
    expect(problem.detail).toContain("The sign-in service answered 500.");
  });

  test("is not begun by a link that somebody sends", async () => {
    const page = tab.load(deployment, "/?code=theirs&state=theirs");
    await page.arrive();
    await problemOf(page.fetch("/api/slides", {}));
    expect(deployment.count("POST", "/oauth2/token")).toBe(0);
  });
});
