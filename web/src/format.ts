/** Numbers and dates as people in a lab write them. */

import type { Mpp } from "./slides";

const NARROW_SPACE = "\u202f";
export const NO_BREAK_SPACE = "\u00a0";
const BYTE_UNITS = ["bytes", "kB", "MB", "GB", "TB"] as const;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

const COUNT = new Intl.NumberFormat("en");
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** 46000 x 32914 -> "46,000 × 32,914 px" */
export function pixelSize(width: number, height: number): string {
  return `${COUNT.format(width)}${NARROW_SPACE}×${NARROW_SPACE}${COUNT.format(height)}${NO_BREAK_SPACE}px`;
}

/** The size of the scanned area in mm. */
export function physicalSize(width: number, height: number, mpp: Mpp): string {
  const [across, down] = [(width * mpp.x) / 1000, (height * mpp.y) / 1000];
  return `${across.toFixed(1)}${NARROW_SPACE}×${NARROW_SPACE}${down.toFixed(1)}${NO_BREAK_SPACE}mm`;
}

/** 1938955 -> "1.9 MB" */
export function byteSize(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), BYTE_UNITS.length - 1);
  const value = bytes / 1000 ** power;
  const digits = power > 0 && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)}${NO_BREAK_SPACE}${BYTE_UNITS[power]}`;
}

/** 0.3421 -> "34 %"; a little is never shown as nothing. */
export function percent(share: number): string {
  const value = share * 100;
  const digits = value > 0 && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)}${NO_BREAK_SPACE}%`;
}

/** µm per px; both axes when they differ by more than a rounding. */
export function resolution(x: number, y: number | null): string {
  const round = (mpp: number) => Number(mpp.toPrecision(3));
  const value = y === null || round(x) === round(y) ? `${round(x)}` : `${round(x)} × ${round(y)}`;
  return `${value}${NO_BREAK_SPACE}µm/px`;
}

export interface Moment {
  /** What is shown: "3 hr. ago" within a week, else the date. */
  readonly short: string;
  /** Date and time to the minute, in the reader's time zone. */
  readonly full: string;
}

/** Read an ISO 8601 time; null when it is none. */
export function moment(iso: string | null, now: Date): Moment | null {
  const time = iso === null ? Number.NaN : Date.parse(iso);
  if (Number.isNaN(time)) {
    return null;
  }
  const date = new Date(time);
  return { short: relative(date, now) ?? calendarDay(date), full: calendarMinute(date) };
}

function relative(date: Date, now: Date): string | null {
  const seconds = (now.getTime() - date.getTime()) / 1000;
  if (seconds < -MINUTE || seconds >= WEEK) {
    return null;
  }
  if (seconds < MINUTE) {
    return "just now";
  }
  if (seconds < HOUR) {
    return RELATIVE.format(-Math.floor(seconds / MINUTE), "minute");
  }
  if (seconds < DAY) {
    return RELATIVE.format(-Math.floor(seconds / HOUR), "hour");
  }
  return RELATIVE.format(-Math.floor(seconds / DAY), "day");
}

function calendarDay(date: Date): string {
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

function calendarMinute(date: Date): string {
  const time = date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return `${calendarDay(date)}, ${time}`;
}
