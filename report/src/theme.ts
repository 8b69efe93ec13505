// SPDX-License-Identifier: MIT
// Light, dark, or as the system has it. The choice is the one thing that is kept outside the address.
import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";
const KEY = "compendium.theme";

function kept(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto";
  }
}

export const theme = signal<Theme>(kept());
/** Rises when colours have changed: what paints on a canvas reads them anew. */
export const painted = signal(0);

export function nextTheme(): void {
  theme.value = theme.value === "auto" ? "light" : theme.value === "light" ? "dark" : "auto";
}

export function followTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    known.clear();
    painted.value = painted.peek() + 1;
    try {
      localStorage.setItem(KEY, theme.value);
    } catch {
      // A file without storage: the choice lasts as long as the page.
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    known.clear();
    painted.value++;
  });
}

let canvas: CanvasRenderingContext2D | null = null;

// Asking the style takes longer than painting; what it said holds until the theme changes.
const known = new Map<string, string>();

/** A colour or font of the style by its variable, as a canvas wants it. */
export function colour(name: string): string {
  let value = known.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    known.set(name, value);
  }
  return value;
}

/** The same as a number for a Uint32Array behind an ImageData (little-endian: ABGR). */
export function pixel(name: string): number {
  canvas ??= Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
    .getContext("2d", { willReadFrequently: true });
  canvas!.fillStyle = colour(name);
  canvas!.fillRect(0, 0, 1, 1);
  const [red, green, blue] = canvas!.getImageData(0, 0, 1, 1).data;
  return (0xFF000000 | blue! << 16 | green! << 8 | red!) >>> 0;
}

const inks = new Map<string, string>();

/** Black or white: what can be read better on a colour of the style. */
export function inkOn(name: string): string {
  const key = colour(name);
  const ink = inks.get(key) ?? inkOf(pixel(name));
  inks.set(key, ink);
  return ink;
}

function inkOf(value: number): string {
  const linear = [value & 0xFF, value >> 8 & 0xFF, value >> 16 & 0xFF].map((part) => (part / 255) ** 2.2);
  const light = 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
  return light > 0.18 ? "#000" : "#fff";
}
