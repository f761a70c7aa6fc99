/** How a slide is asked to look: channels with colour and window, focal plane, time, colours as sRGB. */

import type { Channel, SampleWindow, SlideDescriptor } from "../slides";

/** The server puts at most so many channels into one picture. */
export const MAX_SHOWN = 16;

const BLACK = "000000";
/** `number[:RRGGBB][:black-white]`, as the server reads it. */
const CHANNEL = /^(\d{1,4})(?::([0-9A-Fa-f]{6}))?(?::(-?[0-9.]{1,12})-(-?[0-9.]{1,12}))?$/;
const INDEX = /^\d{1,9}$/;
const DECIMALS = 3;

export interface ChannelLook {
  readonly shown: boolean;
  /** RRGGBB in hex, upper case. */
  readonly colour: string;
  readonly window: SampleWindow;
}

export interface Look {
  /** One for each channel of the slide, in its order. */
  readonly channels: readonly ChannelLook[];
  readonly z: number;
  readonly t: number;
  /** Whether the scanner's colours are turned into sRGB. */
  readonly srgb: boolean;
}

/** Return how a slide looks when nothing is asked for. */
export function usualLook({ channels, z, t }: SlideDescriptor): Look {
  return { channels: channels.map(usualChannel), z: z.shown, t: t.shown, srgb: false };
}

/** Return what a channel is shown with unless somebody asks otherwise. */
export function usualChannel({ shown, colour, window }: Channel): ChannelLook {
  return { shown, colour: colour.toUpperCase(), window };
}

/** Return channels of which one is changed. */
export function withChannel(
  channels: readonly ChannelLook[],
  number: number,
  change: Partial<ChannelLook>,
): readonly ChannelLook[] {
  return channels.map((channel, place) => (place === number ? { ...channel, ...change } : channel));
}

/** Say whether one more channel can be shown. */
export function hasRoom(look: Look): boolean {
  return look.channels.filter(({ shown }) => shown).length < MAX_SHOWN;
}

/**
 * Return what a tile's address says of the look, "" for the usual one.
 *
 * What is as usual is left out, so that the same picture has the same address in every cache.
 */
export function tileQuery(descriptor: SlideDescriptor, look: Look): string {
  const channels = channelsText(descriptor, look);
  return written([
    // The server draws at least one channel: a black one is a picture of none.
    ["channels", channels === "" ? `0:${BLACK}` : channels],
    ["z", changed(look.z, descriptor.z.shown)],
    ["t", changed(look.t, descriptor.t.shown)],
    ["icc", look.srgb && descriptor.icc_url !== null ? "srgb" : null],
  ]);
}

/** Return what a link says of the look, "" for the usual one; `z` is a link's word for the zoom. */
export function lookHash(descriptor: SlideDescriptor, look: Look): string {
  return written([
    ["channels", channelsText(descriptor, look)],
    ["focus", changed(look.z, descriptor.z.shown)],
    ["time", changed(look.t, descriptor.t.shown)],
    ["colours", look.srgb ? "srgb" : null],
  ]);
}

/** Read the look that a link asks for; what it does not say, or the slide does not have, is as usual. */
export function readLook(descriptor: SlideDescriptor, hash: string): Look {
  const parameters = new URLSearchParams(hash.startsWith("#") ? hash.slice(1) : hash);
  const usual = usualLook(descriptor);
  return {
    channels: readChannels(usual.channels, parameters.get("channels")),
    z: readIndex(parameters.get("focus"), descriptor.z.count) ?? usual.z,
    t: readIndex(parameters.get("time"), descriptor.t.count) ?? usual.t,
    srgb: parameters.get("colours") === "srgb" && descriptor.icc_url !== null,
  };
}

/** Return the channels that are shown as the server writes them; null when they are the usual ones. */
function channelsText(descriptor: SlideDescriptor, look: Look): string | null {
  const usual = descriptor.channels.map(usualChannel);
  const texts = (channels: readonly ChannelLook[]) =>
    channels.flatMap((channel, number) =>
      channel.shown ? [channelText(number, channel, usual[number] as ChannelLook)] : [],
    );
  const asked = texts(look.channels).join(",");
  return asked === texts(usual).join(",") ? null : asked;
}

function channelText(number: number, asked: ChannelLook, usual: ChannelLook): string {
  const parts = [String(number)];
  if (asked.colour !== usual.colour) {
    parts.push(asked.colour);
  }
  if (asked.window.join() !== usual.window.join()) {
    parts.push(asked.window.map(numberText).join("-"));
  }
  return parts.join(":");
}

function readChannels(usual: readonly ChannelLook[], text: string | null): readonly ChannelLook[] {
  if (text === null) {
    return usual;
  }
  const asked = new Map(text.split(",").flatMap((part) => readChannel(usual, part)));
  // Nothing of the link fits this slide, unless it asks for no channel at all.
  if (asked.size === 0 && text !== "") {
    return usual;
  }
  const kept = new Set([...asked.keys()].slice(0, MAX_SHOWN));
  return usual.map((channel, number) => ({
    ...(asked.get(number) ?? channel),
    shown: kept.has(number),
  }));
}

function readChannel(usual: readonly ChannelLook[], text: string): [number, ChannelLook][] {
  const [, digits, colour, black, white] = CHANNEL.exec(text) ?? [];
  const channel = usual[Number(digits)];
  if (channel === undefined) {
    return [];
  }
  const window: SampleWindow = [Number(black), Number(white)];
  return [
    [
      Number(digits),
      {
        shown: true,
        colour: (colour ?? channel.colour).toUpperCase(),
        window: window[0] < window[1] ? window : channel.window,
      },
    ],
  ];
}

function readIndex(text: string | null, count: number): number | null {
  const value = text !== null && INDEX.test(text) ? Number(text) : count;
  return value < count ? value : null;
}

function changed(value: number, usual: number): string | null {
  return value === usual ? null : String(value);
}

function numberText(value: number): string {
  return String(Number(value.toFixed(DECIMALS)));
}

function written(parts: readonly (readonly [string, string | null])[]): string {
  return parts
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}
