/** A promise that is settled from outside. What `Promise.withResolvers` gives, which Node 20 does not have. */
export class Later<Value> {
  resolve!: (value: Value) => void;
  reject!: (error: unknown) => void;
  readonly promise = new Promise<Value>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  constructor() {
    // Whoever waits sees the failure; if nobody does any more, it is no surprise.
    this.promise.catch(() => undefined);
  }
}
