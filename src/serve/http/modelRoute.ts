import { UnavailableError } from '../errors.ts';
import { modelForPage } from '../page/content.ts';
import { openModelFolder } from '../registry/modelFolder.ts';
import type { App } from './app.ts';
import type { Predictors } from './predictors.ts';
import { isKnown } from './tagged.ts';

/**
 * Adds `/model`: the model that answers `/predict`, for the page, which runs it in the browser.
 */
export function addModelRoute(app: App, predictors: Predictors): void {
  app.get('/model', { schema: { hide: true } }, async (request, reply) => {
    const { host } = predictors.default;
    if (!host.model) throw new UnavailableError(host.unreadyReason ?? 'no model is ready');
    const folder = await openModelFolder(host.path);
    if (isKnown(request, reply, folder.manifestSha256)) return reply.send();
    return reply.send(modelForPage(folder));
  });
}
