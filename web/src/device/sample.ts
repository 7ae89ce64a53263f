/** A short visit to try the note engine with. */

import type { Speaker } from "../types";

const turn = (speaker: Speaker, text: string): { speaker: Speaker; text: string } => ({ speaker, text });

export const SAMPLE = {
  template: "aci",
  turns: [
    turn("clinician", "Hi there, nice to see you again. What brings you in today?"),
    turn("patient", "I'm just so tired. I sleep nine hours, and I still feel like taking a nap at my desk."),
    turn("clinician", "How long has that been going on?"),
    turn("patient", "Since about August, so maybe three months. I've also gained nine pounds."),
    turn("clinician", "Are you taking the levothyroxine every day?"),
    turn("patient", "Yes, 75 micrograms every morning. I'm allergic to penicillin, I got a rash."),
    turn("clinician", "Your TSH is 14.2, which is high. Let's raise the levothyroxine to 88 micrograms and repeat the TSH in six weeks."),
    turn("patient", "Okay, sounds good."),
  ],
};
