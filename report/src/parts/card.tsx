// SPDX-License-Identifier: MIT
import type { ComponentChildren } from "preact";

export function Cards({ children }: { children: ComponentChildren }) {
  return <dl class="cards">{children}</dl>;
}

export interface CardProps {
  title: string;
  value: ComponentChildren;
  /** A line below the value. */
  note?: ComponentChildren;
  tone?: "bad";
  /** Where it leads: the view or filter with its evidence. */
  onOpen?: () => void;
}

/** One figure. */
export function Card({ title, value, note, tone, onOpen }: CardProps) {
  return (
    <div class={`card ${tone ?? ""}`}>
      <dt>{title}</dt>
      <dd>
        {onOpen ? (
          <button type="button" class="link value" onClick={onOpen}>
            {value}
          </button>
        ) : (
          <span class="value">{value}</span>
        )}
        {note && <span class="note">{note}</span>}
      </dd>
    </div>
  );
}
