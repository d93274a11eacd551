import { onTestFinished } from 'vitest';
import { type Files, serveFiles } from '../../bench/browser/site.ts';
import { bundleForBrowsers } from '../../scripts/package/bundle.ts';
import { trainingProgram } from '../trainingProgram.ts';

export { type Files, ISOLATION } from '../../bench/browser/site.ts';

/** Serves files, by path, until the test ends. Returns the address, which ends with a slash. */
export async function startSite(
  files: Files,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const site = await serveFiles(files, headers);
  onTestFinished(site.close);
  return site.url;
}

/** An empty page with the built library and the program of tests/training.ts beside it. */
export async function libraryFiles(): Promise<Record<string, string>> {
  const { code } = await bundleForBrowsers();
  return {
    '/': '<!doctype html><link rel="icon" href="data:,"><title>wgrad</title>',
    '/wgrad.min.js': code,
    '/training.js': trainingProgram(),
  };
}
