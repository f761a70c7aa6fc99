/** Slides, descriptors and answers for the tests; each takes what differs. */

import type { Fetch } from "../src/api";
import type { Channel, Slide, SlideDescriptor, StoredLevel } from "../src/slides";

export function makeSlide(different: Partial<Slide> = {}): Slide {
  const id = different.id ?? "aaaaaaaaaaaaaaaa";
  return {
    id,
    key: "slides/scanner-1/2026-03/S26-01234-A1.svs",
    source: "scanner-1",
    filename: "S26-01234-A1.svs",
    path: "2026-03/S26-01234-A1.svs",
    revision: 1,
    size_bytes: 1_938_955,
    import_state: "imported",
    failure: null,
    review: "new",
    storage: "available",
    width: 46_000,
    height: 32_914,
    level_count: 3,
    mpp_x: 0.499,
    mpp_y: 0.499,
    magnification: 20,
    vendor: "aperio",
    format: "svs",
    tissue: 0.3421,
    sharpness: 0.1273,
    incomplete: null,
    case_id: "S26-01234",
    slide_id: "A1",
    image_id: null,
    barcode: "S26-01234;A1;1",
    scanned_at: "2026-03-02T09:15:00Z",
    imported_at: "2026-03-02T10:00:00Z",
    updated_at: "2026-03-02T10:00:00Z",
    version: "0a1b2c3d",
    links: {
      descriptor: `/slides/${id}/slide.json`,
      thumbnail: `/slides/${id}/thumbnail.jpg?v=0a1b2c3d`,
    },
    ...different,
  };
}

/** Make levels that step by `step` and floor what does not divide, as scanners do. */
export function makeLevels(
  width: number,
  height: number,
  { tile = 240, step = 4, count = 3 } = {},
): StoredLevel[] {
  return Array.from({ length: count }, (_, level) => {
    const [w, h] = [Math.floor(width / step ** level), Math.floor(height / step ** level)];
    return {
      level,
      width: w,
      height: h,
      tile_width: tile,
      tile_height: tile,
      columns: Math.ceil(w / tile),
      rows: Math.ceil(h / tile),
      made: false,
    };
  });
}

export function makeDescriptor(different: Partial<SlideDescriptor> = {}): SlideDescriptor {
  const levels = different.levels ?? makeLevels(46_003, 32_917);
  return {
    id: "aaaaaaaaaaaaaaaa",
    version: "0a1b2c3d",
    filename: "S26-01234-A1.svs",
    width: levels[0]?.width ?? 0,
    height: levels[0]?.height ?? 0,
    mpp: { x: 0.499, y: 0.499 },
    magnification: 20,
    vendor: "aperio",
    format: "svs",
    levels,
    tile_url: "/slides/aaaaaaaaaaaaaaaa/tiles/{level}/{col}_{row}.jpg?v=0a1b2c3d",
    iiif_url: "/iiif/3/aaaaaaaaaaaaaaaa/info.json",
    direct_url: null,
    channels: [],
    z: { count: 1, shown: 0, step_um: null },
    t: { count: 1, shown: 0, step_s: null },
    bits: 8,
    associated: [],
    icc_profile: false,
    icc_url: null,
    properties: {},
    ...different,
  };
}

/** Make the channels of a fluorescence slide of 16 bits, as the server describes them. */
export function makeChannels(...names: readonly string[]): Channel[] {
  const colours = ["0000FF", "00FF00", "FF0000", "FFFFFF"];
  return names.map((name, number) => ({
    number,
    name,
    colour: colours[number % colours.length] as string,
    window: [100, 4000],
    shown: number < 16,
  }));
}

export function json(body: unknown, status = 200): Response {
  const type = status < 400 ? "application/json" : "application/problem+json";
  return new Response(JSON.stringify(body), { status, headers: { "content-type": type } });
}

/** A catalog in memory that pages, searches and filters as the server does, and remembers what it was asked. */
export class FakeCatalog {
  slides: Slide[];
  readonly asked: URL[] = [];
  /** When set, every request is answered with it. */
  failure: (() => Response) | null = null;
  /** Ms that the next answers take, in turn. */
  readonly delays: number[] = [];

  constructor(slides: Slide[]) {
    this.slides = slides;
  }

  readonly fetch: Fetch = async (address) => {
    const url = new URL(address, "http://labsight.test");
    if (url.pathname === "/config.json") {
      return json({ login: null });
    }
    this.asked.push(url);
    const delay = this.delays.shift();
    if (delay !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
    return this.failure === null ? this.#answer(url) : this.failure();
  };

  #answer({ pathname, searchParams }: URL): Response {
    if (pathname !== "/api/slides") {
      const slide = this.slides.find(({ id }) => pathname === `/api/slides/${id}`);
      return slide === undefined ? json({ title: "No such slide" }, 404) : json(slide);
    }
    const [q, state] = [searchParams.get("q") ?? "", searchParams.get("state")];
    const matching = this.slides.filter(
      (slide) => slide.filename.includes(q) && (state ?? slide.import_state) === slide.import_state,
    );
    const start = Number(searchParams.get("cursor") ?? 0);
    const end = start + Number(searchParams.get("limit"));
    const next = end < matching.length ? String(end) : null;
    return json({ items: matching.slice(start, end), next_cursor: next });
  }
}
