import type { StoredModel } from './worker/messages.ts';

/** A model in this browser: one that was trained here, or whose weights were loaded. */
export interface LocalModel extends StoredModel {
  readonly title: string;
}

/** The models in this browser, the newest last. */
export class Models {
  readonly all: LocalModel[] = [];
  readonly #listeners: (() => void)[] = [];

  add(model: LocalModel): void {
    this.all.push(model);
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
