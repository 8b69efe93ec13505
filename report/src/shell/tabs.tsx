// SPDX-License-Identifier: MIT
import { tab } from "../state.ts";
import { shownViews } from "../views/index.ts";

function move(event: KeyboardEvent, from: number): void {
  const views = shownViews.value;
  const step = { ArrowRight: 1, ArrowLeft: -1, Home: -from, End: views.length - 1 - from }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const next = views[(from + step + views.length) % views.length]!;
  tab.value = next.id;
  document.getElementById(`tab-${next.id}`)?.focus();
}

export function Tabs() {
  const views = shownViews.value;
  const current = views.some(({ id }) => id === tab.value) ? tab.value : views[0]!.id;
  return (
    <nav class="tabs" aria-label="Views">
      <div role="tablist">
        {views.map(({ id, title }, i) => (
          <button
            key={id}
            id={`tab-${id}`}
            type="button"
            role="tab"
            aria-selected={id === current}
            aria-controls="panel"
            tabIndex={id === current ? 0 : -1}
            onClick={() => (tab.value = id)}
            onKeyDown={(event) => move(event, i)}
          >
            {title}
          </button>
        ))}
      </div>
    </nav>
  );
}
