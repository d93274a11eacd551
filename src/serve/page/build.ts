/**
 * Writes the page's scripts to `dist/page`, for installations of the service without esbuild.
 *
 * usage: npm run page
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { BUILT, pageScripts } from './bundle.ts';

mkdirSync(BUILT, { recursive: true });
for (const [name, text] of await pageScripts()) writeFileSync(BUILT + name, text);
