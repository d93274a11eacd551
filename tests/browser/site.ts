import type { Page } from 'playwright-core';
import { onTestFinished, type TestContext } from 'vitest';
import { type Files, serveFiles } from '../../bench/browser/site.ts';
import { bundleForBrowsers } from '../../scripts/package/bundle.ts';
import { trainingProgram } from '../trainingProgram.ts';
import { chromiumOrSkip, watch } from './browser.ts';

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

/** A page that shows nothing, in a browser of its own, with modules beside it; and what must not happen on it. */
export async function openEmptyPage(
  context: Pick<TestContext, 'skip'>,
  files: Files,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ page: Page; faults: string[] }> {
  const browser = await chromiumOrSkip(context);
  const url = await startSite({ '/': '<!doctype html><link rel="icon" href="data:,">', ...files }, headers);
  const page = await browser.newPage();
  const faults = watch(page, url);
  await page.goto(url);
  return { page, faults };
}

let bundle: ReturnType<typeof bundleForBrowsers> | undefined;

/** The library for browsers. It takes ten seconds to build, once for all files of a process. */
export async function libraryBundle(): Promise<string> {
  bundle ??= bundleForBrowsers();
  return (await bundle).code;
}

/** The built library, and the program of tests/training.ts. */
export async function libraryFiles(): Promise<Record<string, string>> {
  return {
    '/wgrad.min.js': await libraryBundle(),
    '/training.js': trainingProgram(),
  };
}
