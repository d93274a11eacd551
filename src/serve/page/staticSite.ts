import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { FASHION_MNIST_FILES, listFiles } from '../../pipeline/data/fashionMnist.ts';
import { isGzip } from '../../pipeline/data/gzipBytes.ts';
import { findRawFile } from '../../pipeline/data/rawFolder.ts';
import { openModelFolder } from '../registry/modelFolder.ts';
import { champions } from '../registry/reference.ts';
import { pageScripts } from './bundle.ts';
import { modelForPage, readSamples } from './content.ts';

const STATIC = fileURLToPath(new URL('static/', import.meta.url));

/** Folders of the models and of the data that a static site gets. */
export interface SiteSources {
  readonly models: string;
  readonly data: string;
}

/**
 * Writes the page as files that any web server can serve from any folder, without a service: with the champions of all models,
 * and with Fashion-MNIST where its folder is complete. Elsewhere the page asks for the four files.
 *
 * @param target is replaced
 */
export async function writeStaticSite(target: string, { models, data }: SiteSources): Promise<void> {
  await rm(target, { recursive: true, force: true });
  for (const folder of ['page', 'models', 'data']) await mkdir(join(target, folder), { recursive: true });
  for (const name of ['style.css', 'icon.svg']) await copyFile(STATIC + name, join(target, 'page', name));
  for (const [name, text] of await pageScripts()) await writeFile(join(target, 'page', name), text);
  const siteModels = await writeModels(target, models);
  const hasData = await writeData(target, data);
  const attributes = [
    `data-site-models="${JSON.stringify(siteModels).replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`,
    ...(hasData ? ['data-site-data'] : []),
  ];
  const html = await readFile(`${STATIC}index.html`, 'utf8');
  await writeFile(
    join(target, 'index.html'),
    html.replace('<html', () => `<html ${attributes.join(' ')}`).replace(/<footer>[^]*<\/footer>/, FOOTER),
  );
}

const FOOTER = `<footer>
      <span>Everything on this page comes from this site, and runs in this browser.</span>
      <a href="../">Documentation</a>
    </footer>`;

async function writeModels(target: string, root: string): Promise<{ path: string; title: string }[]> {
  const found = [];
  for (const { path } of await champions(root)) {
    const model = modelForPage(await openModelFolder(path));
    const file = `models/${model.name}.json`;
    await writeFile(join(target, file), JSON.stringify(model));
    found.push({ path: file, title: `Model ${model.name}, version ${model.version}` });
  }
  return found;
}

/** Writes the images, compressed, and some test images to click. Returns false where the folder is not complete. */
async function writeData(target: string, folder: string): Promise<boolean> {
  const files = listFiles(FASHION_MNIST_FILES);
  const paths = await Promise.all(files.map((file) => findRawFile(folder, file)));
  const complete = !paths.includes(undefined);
  const samples = complete ? await readSamples(folder) : [];
  await writeFile(join(target, 'data/samples'), JSON.stringify(samples));
  if (!complete) return false;
  for (const [at, { name }] of files.entries()) {
    const bytes = await readFile(paths[at]!);
    const packed = isGzip(bytes) ? bytes : await promisify(gzip)(bytes);
    await writeFile(join(target, 'data', name), packed);
  }
  return true;
}
