// SPDX-License-Identifier: MIT
// The tabs, in their order. A view is one file that exports a component; see report/README.md.
import { computed } from "@preact/signals";
import type { ComponentType } from "preact";
import { About } from "./about.tsx";
import { Events } from "./events.tsx";
import { Files } from "./files.tsx";
import { Flame } from "./flame.tsx";
import { Latency } from "./latency.tsx";
import { Memory } from "./memory.tsx";
import { Network } from "./network.tsx";
import { Overview } from "./overview.tsx";
import { hasPanels, Panels } from "./panels.tsx";
import { Processes } from "./processes.tsx";
import { Timeline } from "./timeline.tsx";

export interface View {
  id: string; title: string; component: ComponentType;
  /** Whether there is anything to see; without it there is. */
  isShown?: () => boolean;
}

export const VIEWS: View[] = [
  { id: "overview", title: "Overview", component: Overview },
  { id: "timeline", title: "Timeline", component: Timeline },
  { id: "events", title: "Events", component: Events },
  { id: "processes", title: "Processes", component: Processes },
  { id: "files", title: "Files", component: Files },
  { id: "network", title: "Network", component: Network },
  { id: "memory", title: "Memory", component: Memory },
  { id: "latency", title: "Latency", component: Latency },
  { id: "flame", title: "Flame", component: Flame },
  { id: "panels", title: "Panels", component: Panels, isShown: () => hasPanels.value },
  { id: "about", title: "About", component: About },
];

/** Those that have a tab. */
export const shownViews = computed(() => VIEWS.filter(({ isShown }) => isShown?.() ?? true));
