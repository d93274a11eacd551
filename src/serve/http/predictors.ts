import { MODEL_REFERENCE } from './schemas.ts';
import { RequestError } from '../errors.ts';
import type { ModelRecord } from '../registry/modelRecord.ts';
import type { Predictor } from './predictor.ts';

/** A model that a request names, and perhaps its version. */
export interface ModelName {
  readonly model: string;
  readonly version?: string | undefined;
}

/** The models of a service, each with its predictor. The first one answers requests that name no model. */
export class Predictors {
  readonly all: readonly Predictor[];
  readonly default: Predictor;

  constructor(first: Predictor, ...others: readonly Predictor[]) {
    this.all = [first, ...others];
    this.default = first;
  }

  /**
   * The predictor of a model. Where several versions of one name are served, the first one answers requests without a
   * version.
   *
   * @throws RequestError (404) saying what is served instead
   */
  find({ model: name, version }: ModelName): Predictor {
    const named = this.all.filter(({ host }) => host.name === name);
    if (named.length === 0) {
      const names = [...new Set(this.all.map(({ host }) => host.name))].join(', ');
      throw new RequestError(404, `there is no model ${name}; served: ${names}`);
    }
    // While a model is loaded again, its version is unknown.
    const found = named.find(
      ({ host: { model } }) => version === undefined || !model || isVersion(model, version),
    );
    if (found) return found;
    throw new RequestError(
      404,
      `version ${version} of ${name} is not served; served: ${this.versions(name).join(', ')}`,
    );
  }

  /** As `find`, by NAME or NAME/VERSION; the default for undefined. @throws RequestError (404) */
  findReference(reference: string | undefined): Predictor {
    return reference === undefined ? this.default : this.find(parseModelName(reference));
  }

  /** The versions of a model that are served now. */
  versions(name: string): string[] {
    return this.all.flatMap(({ host: { model } }) => (model?.name === name ? [String(model.version)] : []));
  }

  /** Why the service is not ready, or undefined: it is ready if every model is. */
  get unreadyReason(): string | undefined {
    const unready = this.all.find(({ host }) => host.unreadyReason !== undefined);
    if (!unready) return undefined;
    const { name, unreadyReason } = unready.host;
    return this.all.length === 1 ? unreadyReason : `${name}: ${unreadyReason}`;
  }
}

/** The model of a reference that has the form of the schema. */
export function parseModelName(reference: string): ModelName {
  const [, model, version] = MODEL_REFERENCE.exec(reference)!;
  return { model: model!, version };
}

/** @throws RequestError (404) if an answer is of another version than the request named: it was replaced meanwhile */
export function requireVersion(answered: ModelRecord, version: string | undefined): void {
  if (version === undefined || isVersion(answered, version)) return;
  throw new RequestError(
    404,
    `version ${version} of ${answered.name} is not served any more; version ${answered.version} is`,
  );
}

function isVersion(model: ModelRecord, version: string): boolean {
  return String(model.version) === version;
}
