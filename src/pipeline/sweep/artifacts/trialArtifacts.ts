import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { FileError } from '../../files/fileError.ts';
import { describeFiles, parseManifest, readFolder, writeFolder } from './snapshot.ts';
import type { ArtifactStore } from './store.ts';

/**
 * What an artifact store holds of one trial:
 *
 * - `ID/result.json` names the files of the finished run. It is written once; nothing replaces or removes its files.
 * - `ID/checkpoint.json` names the files of the unfinished run, from which any worker continues.
 *
 * Two workers may be at one trial where one of them lost its connection. So each has files of its own
 * (`ID/checkpoint/WRITER/SHA256`), and removes no others before the trial is finished.
 */
export class TrialArtifacts {
  readonly #store: ArtifactStore;
  readonly #id: string;
  readonly #writer = randomUUID();
  /** The keys of this writer's last checkpoint. */
  #written = new Set<string>();

  constructor(store: ArtifactStore, id: string) {
    this.#store = store;
    this.#id = id;
  }

  /** Keeps the folder of an unfinished run. */
  async saveCheckpoint(folder: string): Promise<void> {
    const contents = await readFolder(folder);
    const files = describeFiles(contents, `${this.#id}/checkpoint/${this.#writer}/`);
    for (const { path, key } of files) {
      if (!this.#written.has(key)) await this.#store.put(key, contents.get(path)!);
    }
    await this.#putJson('checkpoint.json', { files });
    const keys = new Set(files.map(({ key }) => key));
    for (const key of this.#written) {
      if (!keys.has(key)) await this.#store.remove(key);
    }
    this.#written = keys;
  }

  /**
   * Fills a folder with the last checkpoint, without its configuration.
   *
   * @param warn gets a line where the checkpoint is unusable; the trial then begins again
   * @returns whether there was one
   * @throws FileError where the store cannot be read, or the folder cannot be written
   */
  async restoreCheckpoint(folder: string, warn: (line: string) => void): Promise<boolean> {
    const name = `${this.#id}/checkpoint.json`;
    const bytes = await this.#store.get(name);
    if (!bytes) return false;
    try {
      // The process that continues the trial writes its configuration.
      await writeFolder(folder, parseManifest(name, bytes), (key) => this.#store.get(key), ['config.yaml']);
      return true;
    } catch (error) {
      // What the system refuses, a later attempt may get: to begin again would throw away what is there.
      if (!(error instanceof FileError) || error.code !== undefined) throw error;
      warn(`${error.message}\nThe trial begins again.`);
      return false;
    }
  }

  /** Keeps the folder of a finished run, and removes the checkpoints. A trial that has a result keeps it. */
  async saveResult(folder: string): Promise<void> {
    if (!(await this.isFinished())) {
      const contents = await readFolder(folder);
      const files = describeFiles(contents, `${this.#id}/result/`);
      for (const { path, key } of files) await this.#store.put(key, contents.get(path)!);
      await this.#putJson('result.json', { files });
    }
    await this.#store.remove(`${this.#id}/checkpoint.json`);
    for (const key of await this.#store.list(`${this.#id}/checkpoint/`)) await this.#store.remove(key);
  }

  async isFinished(): Promise<boolean> {
    return (await this.#store.get(`${this.#id}/result.json`)) !== undefined;
  }

  /**
   * Fills a folder with the finished run.
   *
   * @param skip paths that the folder keeps as they are
   * @returns false where the trial is not finished
   * @throws FileError where a file of the result is missing or damaged
   */
  async restoreResult(folder: string, skip: readonly string[] = []): Promise<boolean> {
    const name = `${this.#id}/result.json`;
    const bytes = await this.#store.get(name);
    if (!bytes) return false;
    await writeFolder(folder, parseManifest(name, bytes), (key) => this.#store.get(key), skip);
    return true;
  }

  /** Removes the checkpoint, so that the trial begins again. */
  async forgetCheckpoint(): Promise<void> {
    await this.#store.remove(`${this.#id}/checkpoint.json`);
  }

  /** Keeps a file under a name. @returns where it is, for messages */
  async saveFile(name: string, path: string): Promise<string> {
    const key = `${this.#id}/${name}`;
    await this.#store.put(key, await readFile(path));
    return `${this.#store.name}/${key}`;
  }

  /** Removes a result that is unusable, so that the trial runs again. */
  async forgetResult(): Promise<void> {
    await this.#store.remove(`${this.#id}/result.json`);
  }

  async #putJson(name: string, value: unknown): Promise<void> {
    await this.#store.put(`${this.#id}/${name}`, Buffer.from(JSON.stringify(value)));
  }
}
