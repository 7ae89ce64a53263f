/** Where visits are worked on: the choice, the reasons, and what was measured of this tablet. */

import { useApp } from "../app-context";
import type { Wish } from "../placement/choice";
import type { Finding, Numbers, Step } from "../placement/report";
import { moment } from "../format";
import { Button } from "./controls";
import { Dialog } from "./dialog";
import { Loading } from "./place";

const WISHES: [Wish, string, string][] = [
  ["automatic", "Automatic", "The box, and this tablet while the box is away, has trouble or is far behind."],
  ["box", "The box", "Always."],
  ["tablet", "This tablet", "Always, as far as it can."],
];

const STEPS: Record<Step, string> = {
  "webgpu-f16": "GPU, 16-bit",
  "webgpu-f32": "GPU, 32-bit",
  wasm: "Processor",
  box: "Box",
};

export function PlacementDialog({ onClose }: { onClose: () => void }) {
  const { placement } = useApp();
  const { on, reason } = placement.choice.value;
  return (
    <Dialog title="Where speech and note are worked out" testId="placement-dialog" wide onClose={onClose}>
      <p data-testid="choice" data-on={on}>
        <strong>{on === "box" ? "On the box." : "On this tablet."}</strong> {reason}
      </p>
      <fieldset class="wishes">
        <legend class="visually-hidden">Where</legend>
        {WISHES.map(([wish, title, what]) => (
          <label key={wish} class="wish">
            <input
              type="radio"
              name="wish"
              data-testid={`wish-${wish}`}
              checked={placement.wish.value === wish}
              onChange={() => placement.ask(wish)}
            />
            <span>
              <strong>{title}.</strong> {what}
            </span>
          </label>
        ))}
      </fieldset>
      <Measured />
      <div class="dialog-actions">
        <Button data-testid="measure" disabled={placement.measuring.value !== null || placement.phase.value !== "none"} onClick={() => void placement.measure()}>
          {placement.report.value ? "Measure again" : "Measure this tablet"}
        </Button>
        <Button autofocus onClick={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
  );
}

function Measured() {
  const { placement } = useApp();
  const step = placement.measuring.value;
  const report = placement.report.value;
  if (step) {
    return (
      <div role="status" data-testid="measuring">
        <p>Measuring: {STEPS[step].toLowerCase()}. This takes up to some minutes; the page can be used meanwhile.</p>
        <Loading />
      </div>
    );
  }
  if (!report) {
    return (
      <p class="muted">
        This tablet was not measured. Measuring fetches the models from the box once, hears a sentence and writes a short note; after
        that this tablet can go on with a visit when the box cannot.
      </p>
    );
  }
  return (
    <>
      <table class="measured" data-testid="report">
        <tbody>
          {report.findings.map((finding) => (
            <Row key={finding.step} finding={finding} />
          ))}
        </tbody>
      </table>
      <p class="muted">
        Measured {moment(new Date(report.date))}.{placement.stale.value && " The page has changed since; measure again when there is time."}
      </p>
    </>
  );
}

function Row({ finding }: { finding: Finding }) {
  return (
    <tr data-step={finding.step} data-usable={finding.usable}>
      <th scope="row">{STEPS[finding.step]}</th>
      <td>{finding.usable ? "usable" : "not used"}</td>
      <td>
        {finding.reason} {inWords(finding.numbers)}
      </td>
    </tr>
  );
}

/** The numbers that there are. */
function inWords({ load, prefill, decode, realTimeFactor, memory, answer, threads }: Numbers): string {
  const parts = [
    load !== undefined && `ready in ${load.toFixed(0)} s`,
    realTimeFactor !== undefined && `takes ${realTimeFactor.toFixed(2)} s for a second of speech`,
    prefill !== undefined && `reads ${prefill.toFixed(0)} tokens a second`,
    decode !== undefined && `writes ${decode.toFixed(1)}`,
    threads !== undefined && `${threads} ${threads === 1 ? "thread" : "threads"}`,
    memory !== undefined && `${Math.round(memory / 1e6)} MB`,
    answer !== undefined && `answers in ${answer.toFixed(2)} s`,
  ].filter(Boolean);
  const words = parts.join(", ");
  return words && `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
