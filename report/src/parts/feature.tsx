// SPDX-License-Identifier: MIT
// Something that was not recorded, why, and the command that records it.
import { report } from "../data/load.ts";
import { seen } from "../text.ts";

const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

interface Known { title: string; what: string; options: string }

/** What may be off: by the names that the tracer gives features, or the option that turns it on. */
export const FEATURES: Record<string, Known> = {
  faults: { title: "Page faults", what: "which memory is touched, when, and by whom", options: "--faults" },
  sched: { title: "Waits for a CPU", what: "how long tasks that could run waited for a CPU", options: "--sched" },
  block_io: {
    title: "Requests to disks",
    what: "what was asked of disks and how long that took",
    options: "--block-io",
  },
};

/** The command that traces the same with an option more. */
export function commandWith(option: string): string {
  const { command, pids } = report.start;
  const what = command
    ? `-- ${command.map(quoted).join(" ")}`
    : (pids ?? []).map((pid) => `-p ${pid}`).join(" ");
  return `compendium ${option} --report ${what}`;
}

export function Feature({ name }: { name: string }) {
  const said = report.end?.features?.[name] ?? "";
  const known = FEATURES[name];
  return (
    <section class="feature">
      <h2>{known?.title ?? seen(name)}</h2>
      <p>
        Not recorded{said.startsWith("off: ") ? `: ${seen(said.slice(5))}` : ""}.{" "}
        {known && <>This shows {known.what}:</>}
      </p>
      {known && <code class="wrap">{seen(commandWith(known.options))}</code>}
    </section>
  );
}
