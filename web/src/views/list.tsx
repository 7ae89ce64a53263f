/** The list of visits, and the start of a new one. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { explain, goOnHere, listEncounters } from "../api";
import { useApp } from "../app-context";
import { clock, count, dayName, spokenLength, timeOfDay } from "../format";
import { visitAddress } from "../route";
import type { Summary } from "../types";
import { Banner, Button, Progress } from "./controls";
import { DeleteDialog } from "./delete-dialog";
import { DeleteIcon, OpenIcon } from "./icons";
import { StartPanel } from "./start-panel";
import { StateBadge } from "./state-badge";

/** How often the list is read again while it is seen. */
const REFRESH_MS = 4_000;

export function ListView() {
  const { offline, uploads } = useApp();
  const answered = useRef(false);
  const [stored, setStored] = useState<Summary[] | null>(null);
  const visits = together(offline.visits.value, stored);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [deleting, setDeleting] = useState<Summary | null>(null);

  const refresh = useCallback(async () => {
    try {
      setStored(await listEncounters());
      answered.current = true;
      setTrouble(null);
    } catch (error) {
      setTrouble(explain(error));
      // What this tablet records can be opened all the same.
      if (!answered.current) for (const id of uploads.all.value.keys()) void goOnHere(id).catch(() => undefined);
    }
  }, [uploads]);

  useEffect(() => {
    document.title = "Visits - Chartside";
    void refresh();
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void refresh();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [refresh]);

  return (
    <div class="list-view">
      <StartPanel />
      <section class="visits" aria-labelledby="visits-title">
        <h1 id="visits-title">Visits</h1>
        <Unfinished />
        <Notices />
        {trouble && (
          <Banner kind="warning" testId="list-trouble">
            {trouble}
          </Banner>
        )}
        {visits === null && !trouble && <Progress label="Loading the visits" />}
        {visits?.length === 0 && (
          <p class="empty">No visits yet. Tap Start when the patient is ready; the visit will appear here.</p>
        )}
        {visits && <Days visits={visits} onDelete={setDeleting} />}
      </section>
      {deleting && (
        <DeleteDialog
          visit={deleting}
          onClose={(deleted) => {
            setDeleting(null);
            if (deleted) void refresh();
          }}
        />
      )}
    </div>
  );
}

/** Visits of this tablet and of the box; null while neither is known. */
function together(unsent: Summary[], stored: Summary[] | null): Summary[] | null {
  if (stored === null && unsent.length === 0) return null;
  const here = new Set(unsent.map(({ id }) => id));
  return [...unsent, ...(stored ?? []).filter(({ id }) => !here.has(id))].sort((a, b) => b.created.localeCompare(a.created));
}

/** What happened to visits that went to the box. */
function Notices() {
  const { offline } = useApp();
  return (
    <>
      {offline.notices.value.map((notice) => (
        <Banner
          key={notice.id}
          kind="info"
          testId="both-kept"
          actions={
            <a class="button button-plain" href={visitAddress(notice.id)} onClick={() => offline.dismiss(notice)}>
              Open
            </a>
          }
        >
          {notice.words}
        </Banner>
      ))}
    </>
  );
}

/** Recordings that stopped without Finish, such as by a reload of the page. */
function Unfinished() {
  const { recorder, uploads } = useApp();
  const open = uploads.unfinished.value.filter(({ recording }) => recording.encounter !== recorder.encounter.value);
  return (
    <>
      {open.map(({ recording }) => (
        <Banner
          key={recording.encounter}
          kind="warning"
          testId="unfinished"
          actions={
            <a class="button button-plain" href={visitAddress(recording.encounter)}>
              Open
            </a>
          }
        >
          The recording of <strong>{recording.title}</strong> was interrupted. Open it to go on or to finish.
        </Banner>
      ))}
    </>
  );
}

function Days({ visits, onDelete }: { visits: Summary[]; onDelete: (visit: Summary) => void }) {
  const now = new Date();
  const days = Map.groupBy(visits, (visit) => dayName(new Date(visit.created), now));
  return (
    <>
      {[...days].map(([day, ofDay]) => (
        <section key={day} class="day" aria-label={`${day}, ${count(ofDay.length, "visit")}`}>
          <h2>{day}</h2>
          <ul class="visit-list">
            {ofDay.map((visit) => (
              <VisitRow key={visit.id} visit={visit} onDelete={() => onDelete(visit)} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function VisitRow({ visit, onDelete }: { visit: Summary; onDelete: () => void }) {
  const { box } = useApp();
  return (
    <li class="visit-row" data-testid="visit-row" data-id={visit.id}>
      <a class="visit-link" href={visitAddress(visit.id)}>
        <span class="visit-name">{visit.title}</span>
        <span class="visit-facts muted">
          <span>{timeOfDay(new Date(visit.created))}</span>
          <span>
            <span aria-hidden="true">{clock(visit.duration)}</span>
            <span class="visually-hidden">{spokenLength(visit.duration)}</span>
          </span>
          <span>{box.templateTitle(visit.template)}</span>
          {visit.unsent && <span data-testid="unsent">On this tablet, not yet on the box</span>}
        </span>
        <StateBadge visit={visit} />
        <OpenIcon />
      </a>
      <Button
        kind="quiet"
        class="icon-only"
        icon={<DeleteIcon />}
        data-testid="delete-visit"
        title="Delete"
        onClick={onDelete}
      >
        <span class="visually-hidden">Delete {visit.title}</span>
      </Button>
    </li>
  );
}
