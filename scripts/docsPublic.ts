/**
 * Writes what the docs site holds besides its pages, into docs/public: the page that classifies and trains, at try/, and the
 * library as one file, at run/, which runs the guide's programs.
 *
 * usage: npm run docs:public
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeStaticSite } from '../src/serve/page/staticSite.ts';
import { bundleForBrowsers } from './package/bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = `${root}docs/public/`;

mkdirSync(`${target}run`, { recursive: true });
const { code } = await bundleForBrowsers();
writeFileSync(`${target}run/wgrad.min.js`, code.replace(/^\/\/# sourceMappingURL=.*\n?/m, ''));
await writeStaticSite(`${target}try`, { models: `${root}models`, data: `${root}data/raw` });
