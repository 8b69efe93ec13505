// SPDX-License-Identifier: MIT
// What stands around the views: header, filters, minimap, tabs, details.
import { useEffect } from "preact/hooks";
import { selected, tab } from "../state.ts";
import { VIEWS } from "../views/index.ts";
import { Banners } from "./banners.tsx";
import { Drawer } from "./drawer.tsx";
import { Export } from "./export.tsx";
import { FilterBar } from "./filters.tsx";
import { Header } from "./header.tsx";
import { Help } from "./help.tsx";
import { followKeys } from "./keys.ts";
import { Minimap } from "./minimap.tsx";
import { Tabs } from "./tabs.tsx";

export function Shell() {
  useEffect(followKeys, []);
  const view = VIEWS.find(({ id }) => id === tab.value) ?? VIEWS[0]!;
  const Component = view.component;
  return (
    <>
      <a
        class="skip"
        href="#panel"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("panel")?.focus();
        }}
      >
        Skip to the view
      </a>
      <Header />
      <Banners />
      <FilterBar />
      <Minimap />
      <Tabs />
      <div class={`work ${selected.value ? "with-drawer" : ""}`}>
        <main class="main">
          <div
            id="panel"
            role="tabpanel"
            aria-labelledby={`tab-${view.id}`}
            tabIndex={-1}
            class={`panel view-${view.id}`}
          >
            <Component key={view.id} />
          </div>
        </main>
        {selected.value && <Drawer selection={selected.value} />}
      </div>
      <Help />
      <Export />
      <div id="live" class="unseen" aria-live="polite" />
    </>
  );
}
