import type { Backend } from '../../backend/backend.ts';
import { setDefaultDevice } from '../../tensor/device.ts';
import { descriptionOf, loadModel } from '../registry/loadModel.ts';
import type { ModelFolder } from '../registry/modelFolder.ts';
import type { ModelRecord } from '../registry/modelRecord.ts';
import { BatchedModel } from './batchedModel.ts';
import type { LoadedModel } from './engine.ts';

export { BadAnswerError } from './batchedModel.ts';

/** A promoted model on a device. */
export class Classifier extends BatchedModel implements LoadedModel {
  readonly record: ModelRecord;
  /** SHA-256 of the folder's manifest. */
  readonly fingerprint: string;

  private constructor(device: Backend, folder: ModelFolder, batchSize: number) {
    super(device, loadModel(folder), descriptionOf(folder.record), batchSize);
    this.record = folder.record;
    this.fingerprint = folder.manifestSha256;
  }

  /**
   * Loads a model onto the device and runs it once, which compiles its kernels.
   *
   * @throws WgradError if weights and configuration do not match, or the device fails
   */
  static async load(device: Backend, folder: ModelFolder, batchSize: number): Promise<Classifier> {
    setDefaultDevice(device);
    const classifier = new Classifier(device, folder, batchSize);
    await classifier.warmUp();
    return classifier;
  }
}
