import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { WgradError } from '../../src/backend/errors.ts';
import type { Runtime } from '../protocol.ts';
import { Workers } from '../workers.ts';
import { pageFiles } from './bundle.ts';
import { CHROMIUM, NO_CHROMIUM } from './chromium.ts';
import { PageWorker } from './pageWorker.ts';
import { ISOLATION, serveFiles } from './site.ts';

/**
 * Contenders in pages, each in a headless Chromium of its own: those with threads in pages that are cross-origin isolated.
 *
 * @throws WgradError where there is no Chromium
 */
export async function browserRuntime(): Promise<Runtime> {
  if (!existsSync(CHROMIUM)) throw new WgradError(NO_CHROMIUM);
  const files = await pageFiles();
  const [plain, isolated] = [await serveFiles(files), await serveFiles(files, ISOLATION)];
  const workers = new Workers();
  const { stdout } = await promisify(execFile)(CHROMIUM, ['--version']);
  return {
    browser: /^.*?[\d.]+/.exec(stdout)?.[0] ?? 'Chromium',
    start: (entry) => workers.start(() => new PageWorker(entry, (entry.isolated ? isolated : plain).url)),
    close: async () => {
      await workers.close();
      plain.close();
      isolated.close();
    },
  };
}
