// SPDX-License-Identifier: MIT
// One of several, kept in the address: buttons beside each other.
import { params, setParam } from "../state.ts";
import { count } from "../text.ts";

export interface Option { id: string; title: string; count?: number | undefined; doc?: string }

/** What was chosen of `options`, the first when nothing was. */
export function chosenOf(param: string, options: Option[]): string {
  const value = params.value[param];
  return options.some(({ id }) => id === value) ? value! : options[0]!.id;
}

export function Choice({ label, param, options }: { label: string; param: string; options: Option[] }) {
  const chosen = chosenOf(param, options);
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map(({ id, title, count: number, doc }) => (
        <button key={id} type="button" aria-pressed={id === chosen} title={doc}
          onClick={() => setParam(param, id === options[0]!.id ? undefined : id)}>
          {title}{number !== undefined && <small> {count(number)}</small>}
        </button>
      ))}
    </div>
  );
}
