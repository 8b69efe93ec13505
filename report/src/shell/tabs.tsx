// SPDX-License-Identifier: MIT
import { tab } from "../state.ts";
import { VIEWS } from "../views/index.ts";

function move(event: KeyboardEvent, from: number): void {
  const step = { ArrowRight: 1, ArrowLeft: -1, Home: -from, End: VIEWS.length - 1 - from }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const next = VIEWS[(from + step + VIEWS.length) % VIEWS.length]!;
  tab.value = next.id;
  document.getElementById(`tab-${next.id}`)?.focus();
}

export function Tabs() {
  const current = VIEWS.some(({ id }) => id === tab.value) ? tab.value : VIEWS[0]!.id;
  return (
    <nav class="tabs" aria-label="Views">
      <div role="tablist">
        {VIEWS.map(({ id, title }, i) => (
          <button key={id} id={`tab-${id}`} type="button" role="tab" aria-selected={id === current} aria-controls="panel"
            tabIndex={id === current ? 0 : -1} onClick={() => (tab.value = id)} onKeyDown={(event) => move(event, i)}>
            {title}
          </button>
        ))}
      </div>
    </nav>
  );
}
