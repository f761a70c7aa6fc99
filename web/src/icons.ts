/** The icons, as strokes on a 24 x 24 grid. */

export const ICONS = {
  back: "M15 5l-7 7 7 7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  channels:
    "M12 3.5a4.5 4.5 0 100 9 4.5 4.5 0 000-9zM8.5 10a4.5 4.5 0 100 9 4.5 4.5 0 000-9zM15.5 10a4.5 4.5 0 100 9 4.5 4.5 0 000-9z",
  clear: "M6 6l12 12M18 6L6 18",
  colours: "M12 3.5c3.5 4 6 6.8 6 10.5a6 6 0 11-12 0c0-3.7 2.5-6.5 6-10.5zM15 14a3 3 0 01-3 3",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  details: "M12 8v.01M12 11v6M12 3a9 9 0 100 18 9 9 0 000-18z",
  failed: "M12 8v5M12 16.5v.01M12 3.5L2.5 20h19z",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5M9 9h6v6H9z",
  focus: "M12 4l9 4.5-9 4.5-9-4.5zM3.5 12.5L12 17l8.5-4.5M3.5 16.2l8.5 4.3 8.5-4.3",
  fullscreen: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  help: "M9.2 9.2a2.9 2.9 0 115 2c-1.2 1-2.2 1.5-2.2 3M12 17.5v.01M12 3a9 9 0 100 18 9 9 0 000-18z",
  importing: "M12 3v11M7.5 9.5L12 14l4.5-4.5M4 17v3h16v-3",
  link: "M10 14a4 4 0 005.7 0l3-3A4 4 0 0013 5.3l-1 1M14 10a4 4 0 00-5.7 0l-3 3A4 4 0 0011 18.7l1-1",
  minus: "M5 12h14",
  next: "M9 5l7 7-7 7",
  plus: "M12 5v14M5 12h14",
  refresh: "M20 12a8 8 0 11-2.3-5.7L20 8.6M20 4v4.6h-4.6",
  rotateLeft: "M4 12a8 8 0 102.3-5.7L4 8.6M4 4v4.6h4.6",
  rotateRight: "M20 12a8 8 0 11-2.3-5.7L20 8.6M20 4v4.6h-4.6",
  search: "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20",
  slide: "M3 7h18v10H3zM7 7v10M12 10.5c2.5-1.5 6 0 5.5 2s-4 2-5 1-1.5-2.4-.5-3z",
  time: "M12 7.5V12l3 2M12 3.5a8.5 8.5 0 100 17 8.5 8.5 0 000-17z",
} as const;

export type IconName = keyof typeof ICONS;
