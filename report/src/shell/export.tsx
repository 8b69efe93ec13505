// SPDX-License-Identifier: MIT
// Files of what the filters leave, a picture of the timeline, and the report itself again.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { report } from "../data/load.ts";
import { version } from "../data/report.ts";
import { rows } from "../filter.ts";
import { download, fileName } from "../export/download.ts";
import { Form, FORMS } from "../export/forms.ts";
import { piecesOf } from "../export/records.ts";
import { wholeReport } from "../export/save.ts";
import { timelinePicture } from "../timeline/picture.ts";
import { count, percent } from "../text.ts";

export const exportOpen = signal(false);
/** Canvases may not be higher than this. */
const LANES = 600;

interface Progress { form: Form; share: number; stop: AbortController }

async function write(form: Form, told: (share: number) => void, stop: AbortSignal): Promise<void> {
  const list = rows.value;
  const pieces = await piecesOf(
    report,
    list,
    (record, _, index) => form.text(record, index),
    (done) => told(done / list.length),
    stop,
  );
  download([form.head(report), ...pieces, form.tail], form.mime, fileName(form.extension));
}

function savePicture(): void {
  timelinePicture(1600, LANES, 2).toBlob((blob) => blob && download([blob], "image/png", fileName("png")));
}

function Choices() {
  const [progress, setProgress] = useState<Progress | null>(null);
  version.value;
  const start = (form: Form) => {
    const stop = new AbortController();
    setProgress({ form, share: 0, stop });
    write(form, (share) => setProgress({ form, share, stop }), stop.signal)
      .catch(() => {})
      .finally(() => setProgress(null));
  };
  useEffect(() => () => progress?.stop.abort(), []);
  return (
    <>
      <h2 id="export-title">Export the {count(rows.value.length)} events that the filters leave</h2>
      <ul class="exports">
        {FORMS.map((form) => (
          <li key={form.id}>
            <button type="button" disabled={progress !== null} onClick={() => start(form)}>
              {form.title}
            </button>
            <span class="muted">{form.doc}</span>
          </li>
        ))}
      </ul>
      {progress && (
        <p role="status">
          {progress.form.title}: {percent(progress.share)}{" "}
          <button type="button" onClick={() => progress.stop.abort()}>
            Stop
          </button>
        </p>
      )}
      <h2>The whole</h2>
      <ul class="exports">
        <li>
          <button type="button" onClick={savePicture}>
            PNG
          </button>
          <span class="muted">the timeline as it is zoomed and filtered</span>
        </li>
        <li>
          <button
            type="button"
            disabled={!report.loaded}
            onClick={() => download(wholeReport(), "text/html", fileName("html"))}
          >
            Save report
          </button>
          <span class="muted">this file again; the browser's own “save page” loses the data</span>
        </li>
        <li>
          <button
            type="button"
            onClick={() => {
              exportOpen.value = false;
              setTimeout(() => print());
            }}
          >
            Print
          </button>
          <span class="muted">overview, timeline and the largest of each table, on a few pages</span>
        </li>
      </ul>
    </>
  );
}

export function Export() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (exportOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [exportOpen.value]);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="export-title"
      onClose={() => (exportOpen.value = false)}
      onClick={(event) => event.target === dialog.current && (exportOpen.value = false)}
    >
      {exportOpen.value && (
        <div class="dialog-body">
          <Choices />
          <form method="dialog">
            <button class="primary">Close</button>
          </form>
        </div>
      )}
    </dialog>
  );
}
