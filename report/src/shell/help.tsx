// SPDX-License-Identifier: MIT
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { KEYS } from "../query/parse.ts";
import { KEY_LIST, singleKeys } from "./keys.ts";

export const helpOpen = signal(false);

const EXAMPLES: [string, string][] = [
  ["open path:/etc", "both must hold"], ["err:ENOENT,EACCES", "either"], ["-proc:cc1", "not"],
  ['"two words"', "text anywhere"], ["/lib.*\\.so/", "a regular expression"], ["name:open*", "with a wildcard"],
];

/** What the keys do, and the switch for those that are a single letter. */
export function KeyList() {
  return (
    <>
      <label>
        <input
          type="checkbox"
          checked={singleKeys.value}
          onChange={(event) => (singleKeys.value = event.currentTarget.checked)}
        />{" "}
        single keys do something
      </label>
      <dl class="keys">
        {KEY_LIST.map(({ keys, doc }) => (
          <div key={doc}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{doc}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** Keys and the query, as `?` shows them. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (helpOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [helpOpen.value]);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="help-title"
      onClose={() => (helpOpen.value = false)}
      onClick={(event) => event.target === dialog.current && (helpOpen.value = false)}
    >
      {helpOpen.value && (
        <div class="dialog-body">
          <h2 id="help-title">Keys</h2>
          <KeyList />
          <h2>Query</h2>
          <dl class="keys">
            {EXAMPLES.map(([text, doc]) => (
              <div key={text}>
                <dt>
                  <code>{text}</code>
                </dt>
                <dd>{doc}</dd>
              </div>
            ))}
            {Object.entries(KEYS).map(([key, { doc }]) => (
              <div key={key}>
                <dt>
                  <code>{key}:</code>
                </dt>
                <dd>{doc}</dd>
              </div>
            ))}
          </dl>
          <form method="dialog">
            <button class="primary">Close</button>
          </form>
        </div>
      )}
    </dialog>
  );
}
