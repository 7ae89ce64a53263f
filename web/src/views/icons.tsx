/** Icons, drawn on a 24 x 24 grid in the colour of the text. They never stand alone: a label or text goes with each. */

import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const MicrophoneIcon = () => (
  <Icon>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
  </Icon>
);

export const PauseIcon = () => (
  <Icon>
    <path d="M8.5 5v14M15.5 5v14" />
  </Icon>
);

export const ResumeIcon = () => (
  <Icon>
    <path d="M8 5.5v13l10.5-6.5z" />
  </Icon>
);

export const FinishIcon = () => (
  <Icon>
    <path d="m5 12.5 4.5 4.5L19 7.5" />
  </Icon>
);

export const CopyIcon = () => (
  <Icon>
    <rect x="8.5" y="8.5" width="11" height="11" rx="2" />
    <path d="M15.5 8.5v-2a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h2" />
  </Icon>
);

export const DeleteIcon = () => (
  <Icon>
    <path d="M4.5 6.5h15M9.5 6V4.5h5V6M6.5 6.5l.9 13h9.2l.9-13M10 10.5v5M14 10.5v5" />
  </Icon>
);

export const BackIcon = () => (
  <Icon>
    <path d="M14.5 5.5 8 12l6.5 6.5" />
  </Icon>
);

export const OpenIcon = () => (
  <Icon>
    <path d="M9.5 5.5 16 12l-6.5 6.5" />
  </Icon>
);

export const NoteIcon = () => (
  <Icon>
    <path d="M6 3.5h8.5L19 8v12.5H6zM14 3.5V8.5h5M9 12.5h7M9 16h5" />
  </Icon>
);

export const WarningIcon = () => (
  <Icon>
    <path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 16.8v.4" />
  </Icon>
);

export const InfoIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 11v5.5M12 7.6v.4" />
  </Icon>
);

export const ReviewIcon = () => (
  <Icon>
    <path d="M4 20h4.2L19 9.2 14.8 5 4 15.8zM12.5 7.3l4.2 4.2" />
  </Icon>
);

export const WorkingIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 7v5l3.5 2" />
  </Icon>
);

export const OfflineIcon = () => (
  <Icon>
    <path d="M4 4l16 16M8.8 12.4a6 6 0 0 1 2.4-1.2M5.2 9.2a11 11 0 0 1 3-2M11.5 5.9a11 11 0 0 1 7.3 3.3M14.8 12.2l.4.2M12 17.4v.3" />
  </Icon>
);

export const ReadyIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="m8 12.3 2.7 2.7L16 9.7" />
  </Icon>
);

export const DownIcon = () => (
  <Icon>
    <path d="M12 5v13M6.5 12.5 12 18l5.5-5.5" />
  </Icon>
);
