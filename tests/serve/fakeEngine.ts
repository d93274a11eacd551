import type { Engine, LoadedModel, Pixels } from '../../src/serve/inference/engine.ts';
import { openModelFolder } from '../../src/serve/registry/modelFolder.ts';

/** An engine whose answers a test decides: the class of an image is its first pixel. */
export class FakeEngine implements Engine {
  readonly device = 'fake: for tests';
  readonly failed: Promise<unknown>;
  /** The images of each batch, and the versions of the models that were loaded and freed. */
  readonly batches: (readonly Pixels[])[] = [];
  readonly loaded: number[] = [];
  readonly disposed: number[] = [];
  closed = 0;
  /** Called before each batch is answered. */
  beforeAnswer: () => Promise<void> | void = () => undefined;
  checkResult: Promise<void> = Promise.resolve();
  fail!: (reason: unknown) => void;

  constructor() {
    this.failed = new Promise((resolve) => (this.fail = resolve));
  }

  async load(path: string): Promise<LoadedModel> {
    const { record, manifestSha256 } = await openModelFolder(path);
    this.loaded.push(record.version);
    return {
      record,
      fingerprint: manifestSha256,
      predict: async (images) => {
        this.batches.push(images);
        await this.beforeAnswer();
        return images.map((image) => oneHot(image[0]!));
      },
      dispose: () => this.disposed.push(record.version),
    };
  }

  check(): Promise<void> {
    return this.checkResult;
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }

  /** From now on batches wait. Returns a promise of the first one, and the function that lets all go on. */
  hold(): { reached: Promise<void>; release: () => void } {
    let release!: () => void;
    let arrive!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const reached = new Promise<void>((resolve) => (arrive = resolve));
    this.beforeAnswer = () => {
      arrive();
      return gate;
    };
    return { reached, release };
  }
}

function oneHot(label: number): Float32Array {
  return Float32Array.from({ length: 10 }, (_, at) => (at === label ? 1 : 0));
}
