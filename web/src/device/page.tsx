import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/controls.css";
import "./page.css";

import { signal } from "@preact/signals";
import { render } from "preact";

import { explain } from "../api";
import { Bench, type Measured } from "./bench";

const bench = new Bench();

/** What was measured, as rows of a table. */
function rows({ loaded, note }: Measured): [string, string][] {
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  const megabytes = (value: number): string => `${Math.round(value / 1e6)} MB`;
  const found: [string, string][] = [];
  if (loaded) {
    found.push(
      ["Bundle", loaded.bundle],
      ["Threads", String(loaded.threads)],
      ["Rules ready", seconds(loaded.seconds.rules)],
      ["Models fetched", seconds(loaded.seconds.weights)],
      ["Model ready", seconds(loaded.seconds.model)],
      ["Memory of the rules", megabytes(loaded.memory.rules)],
      ["Memory of the model", megabytes(loaded.memory.model)],
    );
  }
  if (note) {
    const { timing } = note;
    found.push(
      ["Reading", `${(timing.prefill_tokens / timing.prefill_seconds).toFixed(1)} tokens/s`],
      ["Writing", `${(timing.decode_tokens / timing.decode_seconds).toFixed(1)} tokens/s`],
      ["End of visit to note", seconds(timing.finish_to_note_seconds)],
    );
  }
  return found;
}

const failure = signal("");

async function attempt(work: () => Promise<void>): Promise<void> {
  failure.value = "";
  try {
    await work();
  } catch (error) {
    failure.value = explain(error);
  }
}

function Page() {
  const { busy, progress, sections, measured } = bench;
  const { done, total, left } = progress.value ?? { done: 0, total: 0, left: null };
  return (
    <main class="device">
      <h1>Notes on this tablet</h1>
      <p>
        The note model can run in this browser instead of on the box. This page fetches it, writes the note of a sample visit,
        and measures. Nothing leaves the tablet.
      </p>
      <p class="device-actions">
        <button class="button button-primary" data-testid="load" disabled={busy.value} onClick={() => attempt(() => bench.load())}>
          Load the models
        </button>
        <button
          class="button" data-testid="write" disabled={busy.value || !measured.value.loaded}
          onClick={() => attempt(() => bench.write())}
        >
          Write a sample note
        </button>
        <button class="button" data-testid="cancel" disabled={!busy.value} onClick={() => attempt(() => bench.cancel())}>
          Stop
        </button>
      </p>
      {progress.value && done < total && (
        <p role="status">
          {Math.round(done / 1e6)} of {Math.round(total / 1e6)} MB{left === null ? "" : `, ${Math.ceil(left)} s to go`}
        </p>
      )}
      {failure.value && (
        <p role="alert" data-testid="failure">
          {failure.value}
        </p>
      )}
      <table data-testid="measured">
        <tbody>
          {rows(measured.value).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {measured.value.loaded && (
        <a class="button" download="chartside-tablet.json" href={bench.download.value}>
          Download the measurements
        </a>
      )}
      {sections.value.map(({ name, title, text }) => (
        <section key={name} data-testid="section">
          <h2>{title}</h2>
          <p>{text}</p>
        </section>
      ))}
    </main>
  );
}

const root = document.getElementById("app");
if (!root) throw new Error("The page has no #app element.");
render(<Page />, root);
