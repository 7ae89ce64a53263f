import { beforeEach, expect, test } from "vitest";

import { type AudioOutput, Player } from "../src/review/player";

class Output implements AudioOutput {
  src = "";
  currentTime = 0;
  onended: AudioOutput["onended"] = null;
  onerror: AudioOutput["onerror"] = null;
  ontimeupdate: AudioOutput["ontimeupdate"] = null;
  plays = false;
  refuses: Error | null = null;
  play = async () => {
    if (this.refuses) throw this.refuses;
    this.plays = true;
  };
  pause = () => {
    this.plays = false;
  };

  fire(name: "onended" | "onerror" | "ontimeupdate"): void {
    this[name]?.call({} as never, new Event(name) as never);
  }
}

let output: Output;
let player: Player;

beforeEach(() => {
  output = new Output();
  player = new Player(({ start, end }) => `${start}-${end}`);
  player.attach(output);
});

test("plays its stretches one after another, knows where it is, and ends", () => {
  player.toggle("a", [{ start: 1, end: 2 }, { start: 5, end: 6 }]);
  expect([output.src, output.plays, player.at.value]).toEqual(["1-2", true, 1]);
  output.currentTime = 0.5;
  output.fire("ontimeupdate");
  expect(player.at.value).toBe(1.5);
  output.fire("onended");
  expect([output.src, player.playing.value]).toEqual(["5-6", "a"]);
  output.fire("onended");
  expect([output.plays, player.playing.value, player.at.value]).toEqual([false, null, null]);
});

test("the same again stops, something else takes over", () => {
  player.toggle("a", [{ start: 1, end: 2 }]);
  player.toggle("b", [{ start: 3, end: 4 }]);
  expect([output.src, player.playing.value]).toEqual(["3-4", "b"]);
  player.toggle("b", [{ start: 3, end: 4 }]);
  expect([output.plays, player.playing.value]).toEqual([false, null]);
});

test("audio that is gone is said once, and forgotten with the next that plays", async () => {
  player.toggle("a", [{ start: 1, end: 2 }]);
  output.fire("onerror");
  expect([player.playing.value, player.trouble.value]).toEqual([null, "This part of the recording cannot be played."]);
  player.toggle("b", [{ start: 3, end: 4 }]);
  expect(player.trouble.value).toBeNull();
  output.refuses = new DOMException("", "AbortError");
  player.toggle("c", [{ start: 3, end: 4 }]);
  await Promise.resolve();
  expect(player.trouble.value).toBeNull();
});
