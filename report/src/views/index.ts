// SPDX-License-Identifier: MIT
// The tabs, in their order. A view is one file that exports a component; see report/README.md.
import type { ComponentType } from "preact";
import { Events } from "./events.tsx";
import { Files } from "./files.tsx";
import { Latency } from "./latency.tsx";
import { Memory } from "./memory.tsx";
import { Network } from "./network.tsx";
import { Overview } from "./overview.tsx";
import { Processes } from "./processes.tsx";
import { Timeline } from "./timeline.tsx";

export interface View { id: string; title: string; component: ComponentType }

export const VIEWS: View[] = [
  { id: "overview", title: "Overview", component: Overview },
  { id: "timeline", title: "Timeline", component: Timeline },
  { id: "events", title: "Events", component: Events },
  { id: "processes", title: "Processes", component: Processes },
  { id: "files", title: "Files", component: Files },
  { id: "network", title: "Network", component: Network },
  { id: "memory", title: "Memory", component: Memory },
  { id: "latency", title: "Latency", component: Latency },
];
