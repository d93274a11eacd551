import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { obtainData } from '../../src/pipeline/data/datasets.ts';
import { CLASS_NAMES } from '../../src/pipeline/data/images.ts';
import { configurationOf, defaultChoices } from '../../src/serve/page/client/configurations.ts';
import type { Configuration } from '../../src/pipeline/config/schema.ts';
import { SOME } from '../runtimes/share.ts';
import { evaluated } from '../serve/evaluated.ts';
import { startService } from '../serve/fixture.ts';
import { chromiumOrSkip, watch } from './browser.ts';
import { shownProbabilities } from './pageParts.ts';
import { SCREENS } from './screens.ts';

const TOLERANCE = 1e-5;

test.for([
  ['webgpu', /WebGPU: google swiftshader\.$/],
  ['cpu', /CPU: WebAssembly relaxed SIMD on the CPU, \d+ threads\.$/],
] as const)(
  'on %s, an epoch on Fashion-MNIST classifies at least 8,000 of its 10,000 test images',
  { timeout: 240_000 },
  async ([device, description], context) => {
    const browser = await chromiumOrSkip(context);
    const { data } = configurationOf(defaultChoices('mlp')) as Configuration;
    await obtainData(data, new AbortController().signal);
    const { url } = await startService({ data: data.root });
    const page = await browser.newPage(SCREENS.light);
    const faults = watch(page, url);
    await page.goto(`${url}/#train`);
    await page.locator(`input[name=device][value=${device}]`).check();
    await page.fill('input[name=epochs]', '1');
    await page.click('#start');
    await page.locator('#result-controls').waitFor({ timeout: 170_000 });
    const text = await page.locator('#state').innerText();
    console.log(text);
    expect(text).toMatch(
      /^[\d.]+ % of the 10,000 test images are classified correctly, with the weights of epoch 1\./,
    );
    expect(text).toMatch(description);
    expect(Number(/^[\d.]+/.exec(text)![0])).toBeGreaterThanOrEqual(80);
    expect(faults).toEqual([]);
  },
);

test.for([
  ['mlp', 'WebAssembly', SOME ? 20 : 100],
  ['cnn', 'WebAssembly', SOME ? 20 : 100],
  // On SwiftShader it takes most of a second for each.
  ['cnn', 'WebGPU', SOME ? 5 : 20],
] as const)(
  'by models/%s in %s, the page classifies %i test images as evaluate does',
  { timeout: 240_000 },
  async ([name, where, count], context) => {
    const browser = await chromiumOrSkip(context);
    const device = await open('cpu');
    const { images, whole } = await evaluated(device, name, { count, batchSize: count });
    device.destroy();
    const { url } = await startService({}, { root: 'models', reference: name });
    const page = await browser.newPage(SCREENS.light);
    const faults = watch(page, url);
    if (where === 'WebGPU') await passForHardware(page);
    await page.goto(url);
    const distances: number[] = [];
    for (const [at, image] of images.entries()) {
      const { label, probabilities } = whole[at]!;
      const shown = await classify(page, image);
      const best = Math.max(...shown);
      expect(CLASS_NAMES[shown.indexOf(best)], `image ${at}`).toBe(CLASS_NAMES[label]);
      distances.push(...shown.map((share, c) => Math.abs(share - probabilities[c]!)));
    }
    console.log(
      `${name} in ${where}: the page's probabilities differ from evaluate's by ${Math.max(...distances).toExponential(1)}`,
    );
    expect(distances).toHaveLength(10 * count);
    expect(Math.max(...distances)).toBeLessThanOrEqual(TOLERANCE);
    expect(await page.locator('#model').innerText()).toContain(`, in this browser (${where}), `);
    expect(faults).toEqual([]);
  },
);

/** Makes the page's workers take SwiftShader, which `auto` would skip: its information names a GPU. */
async function passForHardware(page: Page): Promise<void> {
  const names = ['architecture', 'device', 'description'].map((name) => `${name}: { value: 'gpu' }`);
  const disguise = `Object.defineProperties(GPUAdapterInfo.prototype, { isFallbackAdapter: { value: false }, ${names.join(', ')} });`;
  await page.addInitScript(`
    const NativeWorker = Worker;
    window.Worker = class extends NativeWorker {
      constructor(url, options) {
        const script = 'import ' + JSON.stringify(new URL(url, location.href).href) + ';' + ${JSON.stringify(disguise)};
        super(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), options);
      }
    };`);
}

/** Chooses an image as a PNG file. Returns the probabilities that the page shows then. */
async function classify(page: Page, image: Uint8Array): Promise<number[]> {
  const raw = { width: 28, height: 28, channels: 1 } as const;
  const buffer = await sharp(image, { raw }).png().toBuffer();
  // The change of the field empties the list of classes.
  await page.setInputFiles('#file', { name: 'image.png', mimeType: 'image/png', buffer });
  await page.locator('#classes li').nth(9).waitFor({ timeout: 120_000 });
  return shownProbabilities(page);
}
