import "fake-indexeddb/auto";

import { afterEach, beforeEach, expect, test } from "vitest";

import { ChunkStore, LocalStorageError } from "../src/upload/chunk-store";

const chunk = (value: number) => Int16Array.of(value).buffer;
let name: string;
let store: ChunkStore;

beforeEach(async () => {
  name = `test-${Math.random()}`;
  store = await ChunkStore.open(null, name);
});

afterEach(() => store.close());

test("numbers go on after a reload, even when every chunk was sent", async () => {
  await store.begin("a", "Visit");
  expect(await store.append("a", chunk(1))).toBe(0);
  expect(await store.append("a", chunk(2))).toBe(1);
  await store.acknowledge("a", 0);
  await store.acknowledge("a", 1);
  store.close();

  store = await ChunkStore.open(null, name);
  expect((await store.begin("a", "Visit")).next).toBe(2);
  expect(await store.append("a", chunk(3))).toBe(2);
});

test("a page of an older version opens what a newer one has left", async () => {
  await store.begin("a", "Visit");
  await store.append("a", chunk(1));
  store.close();
  await new Promise<void>((resolve) => {
    const request = indexedDB.open(name, 9);
    request.onupgradeneeded = () => request.result.createObjectStore("later");
    request.onsuccess = () => { request.result.close(); resolve(); };
  });
  store = await ChunkStore.open(null, name);
  expect(await store.pending("a")).toEqual([0]);
});

test("a newer page in another tab does not wait for this one", async () => {
  await new Promise<void>((resolve) => {
    const request = indexedDB.open(name, 9);
    request.onsuccess = () => { request.result.close(); resolve(); };
  });
});

test("chunks that are appended at the same time get different numbers", async () => {
  await store.begin("a", "Visit");
  const numbers = await Promise.all(Array.from({ length: 20 }, (_, i) => store.append("a", chunk(i))));
  expect(new Set(numbers).size).toBe(20);
  expect(await store.pending("a")).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test("a box that knows more chunks than the tablet raises the next number", async () => {
  await store.begin("a", "Visit", 7);
  expect(await store.append("a", chunk(1))).toBe(7);
  expect((await store.begin("a", "Visit", 3)).next).toBe(8);
});

test("a finished recording takes no more chunks and keeps its count", async () => {
  await store.begin("a", "Visit");
  await store.append("a", chunk(1));
  expect((await store.finish("a"))?.next).toBe(1);
  await expect(store.append("a", chunk(2))).rejects.toThrow(LocalStorageError);
  expect(await store.pending("a")).toEqual([0]);
  expect((await store.begin("a", "Visit")).finished).toBe(true);
});

test("a sent chunk waits no more, is kept, and goes once it is behind the commit", async () => {
  await store.begin("a", "Visit");
  for (const value of [1, 2, 3]) await store.append("a", chunk(value));
  await store.acknowledge("a", 1);
  await store.acknowledge("a", 0);
  await store.acknowledge("a", 0);
  expect(await store.pending("a")).toEqual([2]);
  expect(await store.first("a")).toBe(0);
  // Half of chunk 1 is needed, and chunk 2 is not sent.
  await store.release("a", 12_000);
  expect(await store.first("a")).toBe(1);
  await store.release("a", 80_000);
  expect(await store.first("a")).toBe(2);
  await store.forget("a");
  expect(await store.first("a")).toBeUndefined();
});

test("encounters do not see each other's chunks, and forgetting one leaves the other", async () => {
  await store.begin("a", "One");
  await store.begin("ab", "Two");
  await store.append("a", chunk(1));
  await store.append("ab", chunk(2));
  await store.forget("a");
  expect(await store.pending("a")).toEqual([]);
  expect(await store.pending("ab")).toEqual([0]);
  expect((await store.recordings()).map(({ title }) => title)).toEqual(["Two"]);
  expect(new Int16Array((await store.chunk("ab", 0)) ?? new ArrayBuffer(0))).toEqual(Int16Array.of(2));
});
