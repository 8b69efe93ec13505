// SPDX-License-Identifier: MIT
// Values as people read them. Numbers of a column have the same form, so that they can be compared.

/** "1,234,567". By hand, since the first use of Intl takes as long as half of the page's start. */
export const count = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

/** 0.35 to "35 %". */
export const percent = (share: number): string => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;

const SCALES: [number, string][] = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]];

/** A duration in ns with three digits: "1.24 ms". */
export function ns(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  if (value >= 60e9) return `${Math.floor(value / 60e9)} m ${((value % 60e9) / 1e9).toFixed(1)} s`;
  for (const [unit, name] of SCALES) {
    if (value >= unit)
      return `${(value / unit).toFixed(value >= unit * 99.95 ? 0 : value >= unit * 9.995 ? 1 : 2)} ${name}`;
  }
  return `${Math.round(value)} ns`;
}

/** A time since the trace began: seconds with `digits` after the point. */
export function at(value: number, digits = 6): string {
  return (value / 1e9).toFixed(digits);
}

/** The digits that tell apart moments `step` ns away from each other. */
export function digitsFor(step: number): number {
  return Math.max(0, Math.min(9, Math.ceil(9 - Math.log10(Math.max(step, 1)))));
}

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  let power = 0;
  while (value >= 1023.5 && power < SIZES.length - 1) {
    value /= 1024;
    power++;
  }
  return `${power && value < 99.95 ? value.toFixed(1) : Math.round(value)} ${SIZES[power]}`;
}

// What cannot be seen, or turns text around: controls, line ends, bidi controls, blanks without width, lone surrogates.
const UNSEEN = new RegExp("[\\0-\\x1f\\x7f-\\x9f"
  + "\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]"
  + "|[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]", "g");
const NAMED: Record<string, string> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

/** Text of the traced program with all that is unseen made visible. */
export function seen(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.charCodeAt(0);
    return (
      NAMED[character] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`)
    );
  });
}

/** The same, cut in the middle when it has more than `most` characters. */
export function short(text: string, most = 4096): string {
  if (text.length <= most) return seen(text);
  const half = (most - 1) >> 1;
  return `${seen(text.slice(0, half))}…${seen(text.slice(-half))}`;
}

/** The last part of a path. */
export const leaf = (path: string): string => path.slice(path.lastIndexOf("/", path.length - 2) + 1);

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** The date and time of a moment in ns since 1970, as here. */
export function date(value: number): string {
  const date = new Date(value / 1e6);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}, ` +
    [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}
