/** Where a visit is heard and written, in words, and the way to what was measured. */

import { useState } from "preact/hooks";

import { useApp } from "../app-context";
import type { Encounter } from "../types";
import { Banner, Button, Progress } from "./controls";
import { PlacementDialog } from "./placement-dialog";
import { BoxIcon, TabletIcon } from "./icons";

/** A button that says where a visit is worked on, or the next one will be, and opens what is known of that. */
export function PlaceButton({ encounter }: { encounter: Encounter | null }) {
  const [open, setOpen] = useState(false);
  const words = useWords(encounter);
  const away = words !== ON_BOX;
  return (
    <>
      <Button
        kind="quiet"
        class="place-button"
        icon={away ? <TabletIcon /> : <BoxIcon />}
        title="Where speech and note are worked out"
        data-testid="place"
        data-on={away ? "tablet" : "box"}
        onClick={() => setOpen(true)}
      >
        {words}
      </Button>
      {open && <PlacementDialog onClose={() => setOpen(false)} />}
    </>
  );
}

const ON_BOX = "On the box";

function useWords(encounter: Encounter | null): string {
  const { placement } = useApp();
  const here = encounter !== null && placement.encounter.value === encounter.id && placement.phase.value === "working";
  if (here) return "On this tablet";
  if (encounter) return encounter.engine === "tablet" ? "On a tablet" : ON_BOX;
  return placement.choice.value.on === "tablet" ? "On this tablet" : ON_BOX;
}

/** What somebody who looks at the visit must know: this tablet gets ready, or failed. */
export function PlaceBanner({ encounter }: { encounter: Encounter }) {
  const { placement } = useApp();
  if (placement.encounter.value === encounter.id && placement.phase.value === "preparing") {
    return (
      <Banner kind="info" testId="preparing">
        {placement.choice.value.reason} This tablet gets ready to go on. <Loading />
      </Banner>
    );
  }
  const live = ["recording", "transcribing", "writing"].includes(encounter.state);
  if (placement.trouble.value && live && placement.visit.value === encounter.id) {
    return (
      <Banner kind="warning" testId="tablet-trouble">
        This tablet could not go on with the visit: {placement.trouble.value}
      </Banner>
    );
  }
  return null;
}

/** How far the models are here. */
export function Loading() {
  const { placement } = useApp();
  const loading = placement.loading.value;
  if (!loading) return null;
  const { what, done, total, left } = loading;
  const detail = `${Math.round(done / 1e6)} of ${Math.round(total / 1e6)} MB${left === null ? "" : `, ${Math.ceil(left)} s to go`}`;
  return <Progress label={`Fetching the ${what} model from the box`} detail={detail} value={done / total} />;
}
