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

export const HearIcon = () => (
  <Icon>
    <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11" />
  </Icon>
);

export const StopIcon = () => (
  <Icon>
    <rect x="6.5" y="6.5" width="11" height="11" rx="1.5" />
  </Icon>
);

export const SwapIcon = () => (
  <Icon>
    <path d="M4 8.5h15M15 4.5l4 4-4 4M20 15.5H5M9 11.5l-4 4 4 4" />
  </Icon>
);

export const AgainIcon = () => (
  <Icon>
    <path d="M19 12a7 7 0 1 1-2.2-5.1M19 4v4.5h-4.5" />
  </Icon>
);

export const HistoryIcon = () => (
  <Icon>
    <path d="M5 12a7 7 0 1 0 2.2-5.1M5 4v4.5h4.5M12 8.5V12l2.5 1.5" />
  </Icon>
);

export const SignIcon = () => (
  <Icon>
    <path d="M4 16.5c3-7 6-10.5 7.5-9.5S9 14 8 16.5c2-3 4-4.5 5-3.5s-.5 3 .5 3.5 2.5-1 3.5-2M4 20h16" />
  </Icon>
);

export const AddIcon = () => (
  <Icon>
    <path d="M12 5v14M5 12h14" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m6.5 6.5 11 11M17.5 6.5l-11 11" />
  </Icon>
);

export const KeyboardIcon = () => (
  <Icon>
    <rect x="3" y="6" width="18" height="12" rx="2" />
    <path d="M7 10v.2M11 10v.2M15 10v.2M8 14.5h8" />
  </Icon>
);

export const ContradictedIcon = () => (
  <Icon>
    <path d="M8.6 3.5h6.8l5.1 5.1v6.8l-5.1 5.1H8.6l-5.1-5.1V8.6zM9 9l6 6M15 9l-6 6" />
  </Icon>
);

export const UnsupportedIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M9.7 9.6a2.4 2.4 0 1 1 3.5 2.2c-.8.4-1.2.9-1.2 1.7M12 16.3v.3" />
  </Icon>
);

export const InferredIcon = () => (
  <Icon>
    <path d="M5 10c2.3-2.2 4.7-2.2 7 0s4.7 2.2 7 0M5 15.5c2.3-2.2 4.7-2.2 7 0s4.7 2.2 7 0" />
  </Icon>
);

export const BoxIcon = () => (
  <Icon>
    <rect x="3.5" y="7" width="17" height="10" rx="2" />
    <path d="M7 12h.01M11 12h6" />
  </Icon>
);

export const TabletIcon = () => (
  <Icon>
    <rect x="5.5" y="3" width="13" height="18" rx="2" />
    <path d="M11 18h2" />
  </Icon>
);
