/** The comparison with other engines: the same weights, the same prompt, the same number of tokens, one engine at a time. */

const TASK = "/peers/task.json";

/** `/peers/task.json`, which `make browser-bench` writes; a box has neither it nor the other engines. */
export interface Task {
  model: string;
  prompt: { text: string; ids: number[] };
  /** How many to write. */
  tokens: number;
}

/** One run of one engine, seconds. */
export interface Run {
  load: number;
  /** From the prompt to the first token. */
  first: number;
  prompt: number;
  /** Tokens written, the first among them. */
  tokens: number;
  /** From the first token to the last. */
  rest: number;
  /** Token ids, or text where the engine tells no ids. */
  written: number[] | string;
}

export interface Contender {
  name: string;
  /** Start the engine, run the task once, and end the engine. */
  run(task: Task, threads: number): Promise<Run>;
}

/** Medians of one engine's runs. */
export interface Figures {
  name: string;
  threads: number;
  runs: number;
  loadSeconds: number;
  firstTokenSeconds: number;
  prefillTokensPerSecond: number;
  decodeTokensPerSecond: number;
  /** By the last run. */
  written: number[] | string;
}

/** What to compare on; null where there are no other engines. */
export async function findTask(): Promise<Task | null> {
  const response = await fetch(TASK);
  return response.ok ? ((await response.json()) as Task) : null;
}

/** Run every contender `rounds` times, in turns; `tell` has who runs (null: nobody any more) and the figures so far. */
export async function compare(
  contenders: Contender[], task: Task, threads: number, rounds: number, tell: (running: string | null, figures: Figures[]) => void,
): Promise<void> {
  const found = contenders.map(({ name }) => ({ name, runs: [] as Run[] }));
  const sofar = (): Figures[] => found.filter(({ runs }) => runs.length).map(({ name, runs }) => figures(name, threads, runs));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [index, contender] of contenders.entries()) {
        tell(contender.name, sofar());
        found[index]?.runs.push(await contender.run(task, threads));
      }
    }
  } finally {
    tell(null, sofar());
  }
}

export function figures(name: string, threads: number, runs: Run[]): Figures {
  const of = (value: (run: Run) => number): number => median(runs.map(value));
  return {
    name,
    threads,
    runs: runs.length,
    loadSeconds: of(({ load }) => load),
    firstTokenSeconds: of(({ first }) => first),
    prefillTokensPerSecond: of(({ prompt, first }) => prompt / first),
    decodeTokensPerSecond: of(({ tokens, rest }) => (tokens - 1) / rest),
    written: runs.at(-1)?.written ?? "",
  };
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
