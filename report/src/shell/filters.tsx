// SPDX-License-Identifier: MIT
// The query, and each filter that is in force as a chip that takes it away.
import { useRef, useState } from "preact/hooks";
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { clearFilters, hiddenCount, mask, rows, searching, terms } from "../filter.ts";
import { suggestions } from "../query/complete.ts";
import { Term, withoutTerm } from "../query/parse.ts";
import { noise, query, range } from "../state.ts";
import { stepHit } from "../step.ts";
import { at, count, digitsFor, seen } from "../text.ts";

interface ChipProps { text: string; problem?: string | undefined; remove: () => void }

function Chip({ text, problem, remove }: ChipProps) {
  return (
    <li class={problem ? "chip bad" : "chip"}>
      <code>{seen(text)}</code>
      {problem && <span class="why">{seen(problem)}</span>}
      <button type="button" onClick={remove} title="Remove"><span aria-hidden="true">×</span>
        <span class="unseen">Remove {seen(text)}</span></button>
    </li>
  );
}

function Hits() {
  version.value;
  const all = report.events.length;
  const left = rows.value.length;
  if (!all) return null;
  return (
    <output class="hits">
      {searching.value ? "searching arguments… " : ""}
      {left === all ? `${count(all)} events` : <><b>{count(left)}</b> of {count(all)} events</>}
    </output>
  );
}

// Problems lie under the text as wavy lines, in an element of the same shape behind the input.
function Underlines({ text, list }: { text: string; list: Term[] }) {
  const parts = [];
  let last = 0;
  for (const term of list.filter(({ problem }) => problem)) {
    parts.push(text.slice(last, term.from), <u key={term.from}>{text.slice(term.from, term.to)}</u>);
    last = term.to;
  }
  return <span class="underlines" aria-hidden="true">{parts}{text.slice(last)}</span>;
}

function Input() {
  const input = useRef<HTMLInputElement>(null);
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const caret = input.current?.selectionStart ?? query.value.length;
  const list = open ? suggestions(report, query.value, caret) : [];
  const take = (text: string) => {
    query.value = text;
    setChosen(-1);
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { key } = event;
    if ((key === "ArrowDown" || key === "ArrowUp") && list.length) {
      setChosen((chosen + (key === "ArrowDown" ? 1 : -1) + list.length) % list.length);
    } else if ((key === "Enter" || key === "Tab") && chosen >= 0 && list[chosen]) {
      take(list[chosen].text);
    } else if (key === "Enter") {
      setOpen(false);
      stepHit(event.shiftKey ? -1 : 1);
    } else if (key === "Escape") {
      if (open && list.length) setOpen(false);
      else input.current?.blur();
    } else {
      return;
    }
    event.preventDefault();
  };
  const problem = terms.value.find((term) => term.problem)?.problem;
  return (
    <div class="query">
      <Underlines text={query.value} list={terms.value} />
      <input id="query" ref={input} type="text" spellcheck={false} autocomplete="off" value={query.value}
        placeholder="Filter:  open path:/etc -proc:cc1 err:ENOENT dur>1ms" aria-label="Filter events"
        aria-invalid={problem !== undefined} role="combobox" aria-expanded={list.length > 0} aria-controls="suggestions"
        aria-autocomplete="list" aria-activedescendant={chosen >= 0 ? `suggestion-${chosen}` : undefined}
        onInput={(event) => {
          query.value = event.currentTarget.value;
          setOpen(true);
          setChosen(-1);
        }}
        onFocus={() => setOpen(true)} onBlur={() => setOpen(false)} onKeyDown={onKeyDown} />
      <ul id="suggestions" role="listbox" aria-label="Suggestions" hidden={!list.length}>
        {list.map(({ text, label, doc }, i) => (
          <li key={label} id={`suggestion-${i}`} role="option" aria-selected={i === chosen}
            onMouseDown={(event) => (event.preventDefault(), take(text))}>
            <code>{seen(label)}</code><span>{seen(doc)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function FilterBar() {
  const chips = terms.value;
  const span = range.value;
  const digits = span ? digitsFor((span.to - span.from) / 100) : 0;
  const hidden = hiddenCount.value;
  const filtered = chips.length > 0 || span !== null;
  return (
    <div class="filters" role="search">
      <Input />
      <ul class="chips" aria-label="Filters in force">
        {chips.map((term) => (
          <Chip
            key={term.from}
            text={query.value.slice(term.from, term.to)}
            problem={term.problem}
            remove={() => (query.value = withoutTerm(query.value, term))}
          />
        ))}
        {span && (
          <Chip text={`${at(span.from, digits)} s – ${at(span.to, digits)} s`} remove={() => (range.value = null)} />
        )}
        {hidden > 0 && (
          <li class={noise.value ? "chip toggle on" : "chip toggle"}>
            <button type="button" aria-pressed={noise.value} onClick={() => (noise.value = !noise.value)}>
              {noise.value ? `noise shown (${count(hidden)})` : `noise hidden (${count(hidden)})`}
            </button>
          </li>
        )}
        {filtered && (
          <li>
            <button type="button" class="link" onClick={clearFilters}>
              Clear
            </button>
          </li>
        )}
      </ul>
      <Hits />
      {mask.value.length > 0 && rows.value.length === 0 && (
        <p class="unseen" role="status">
          No event matches.
        </p>
      )}
    </div>
  );
}
