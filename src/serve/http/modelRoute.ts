import { UnavailableError } from '../errors.ts';
import { configurationOf, descriptionOf } from '../registry/loadModel.ts';
import { openModelFolder, WEIGHTS } from '../registry/modelFolder.ts';
import type { App } from './app.ts';
import type { Predictors } from './predictors.ts';
import { isKnown } from './tagged.ts';

/**
 * Adds `/model`: the model that answers `/predict`, for the page, which runs it in the browser. The answer has the name and
 * version, the configuration of the network, the description of its data, and the weights, a safetensors file in base64.
 */
export function addModelRoute(app: App, predictors: Predictors): void {
  app.get('/model', { schema: { hide: true } }, async (request, reply) => {
    const { host } = predictors.default;
    if (!host.model) throw new UnavailableError(host.unreadyReason ?? 'no model is ready');
    const folder = await openModelFolder(host.path);
    if (isKnown(request, reply, folder.manifestSha256)) return reply.send();
    const { name, version } = folder.record;
    return reply.send({
      name,
      version,
      model: configurationOf(folder).model,
      data: descriptionOf(folder.record),
      weights: Buffer.from(folder.files.get(WEIGHTS)!).toString('base64'),
    });
  });
}
