/** A number in a recorded launch that every replay reads again. */
export class Live {
  value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A parameter that may change between replays: created by `live` in `recorder.ts`. */
export type Varying = number | Live;
