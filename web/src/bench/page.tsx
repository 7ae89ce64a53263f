import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/controls.css";
import "./page.css";

import { signal } from "@preact/signals";
import { render } from "preact";

import { explain } from "../api";
import type { Backend } from "../device/messages";
import { Bench } from "./bench";
import { comparedRows, measuredRows } from "./tables";

const bench = new Bench();
const failure = signal("");

async function attempt(work: () => Promise<void>): Promise<void> {
  failure.value = "";
  try {
    await work();
  } catch (error) {
    failure.value = explain(error);
  }
}

const BACKENDS: [Backend, string][] = [["wasm", "Processor"], ["webgpu-f32", "GPU, 32-bit"], ["webgpu-f16", "GPU, 16-bit"]];

function Actions() {
  const { busy, measured, backend } = bench;
  const hear = (input: HTMLInputElement): void => {
    const file = input.files?.[0];
    if (file) attempt(() => bench.hear(file));
  };
  return (
    <p class="bench-actions">
      <label>
        Note computed by{" "}
        <select
          data-testid="backend" disabled={busy.value} value={backend.value}
          onChange={(event) => {
            backend.value = event.currentTarget.value as Backend;
          }}
        >
          {BACKENDS.map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
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
      <label>
        Hear a recording{" "}
        <input type="file" accept="audio/*" data-testid="recording" disabled={busy.value} onChange={(event) => hear(event.currentTarget)} />
      </label>
    </p>
  );
}

function Comparison() {
  const { busy, measured, threads, rounds, running } = bench;
  const number = (label: string, testId: string, value: typeof threads) => (
    <label>
      {label}{" "}
      <input
        type="number" min="1" max="16" data-testid={testId} value={value.value}
        onInput={(event) => {
          value.value = Math.max(1, event.currentTarget.valueAsNumber || 1);
        }}
      />
    </label>
  );
  const [head, ...body] = comparedRows(measured.value.compared ?? []);
  return (
    <section>
      <h2>Beside other engines</h2>
      <p>The same weights (without the adapter), the same prompt, as many tokens; one engine at a time, medians of all rounds.</p>
      <p class="bench-actions">
        <button class="button" data-testid="compare" disabled={busy.value} onClick={() => attempt(() => bench.compare())}>
          Compare
        </button>
        {number("Threads", "threads", threads)}
        {number("Rounds", "rounds", rounds)}
      </p>
      {running.value !== null && (
        <p role="status" data-testid="running">
          {running.value}
        </p>
      )}
      {body.length > 0 && (
        <div class="bench-table">
          <table data-testid="compared">
            <thead>
              <tr>
                {head?.map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {body.map(([name, ...cells]) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {cells.map((cell, column) => (
                    <td key={head?.[column + 1]}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Page() {
  const { progress, sections, measured, busy } = bench;
  const { done, total, left } = progress.value ?? { done: 0, total: 0, left: null };
  return (
    <main class="bench" aria-busy={busy.value}>
      <h1>This tablet measured</h1>
      <p>
        Models of the box can run in this browser. This page fetches them, writes the note of a sample visit, hears a recording of
        your choice, and measures. Nothing leaves the tablet.
      </p>
      <Actions />
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
          {measuredRows(measured.value).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Comparison />
      <p>
        <a class="button" download="chartside-tablet.json" data-testid="download" href={bench.download.value}>
          Download the measurements
        </a>
      </p>
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
void attempt(() => bench.look());
