import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  driverManifests,
  explainMissingAdapter,
  inspectDriver,
  isOldMesa,
  mesaVersion,
} from '../../src/platform/node/drivers.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-drivers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A driver in a folder that the loader would look at, with a library of the given text. */
function driver(name: string, text: string): string {
  const icd = join(folder, name, 'vulkan/icd.d');
  mkdirSync(icd, { recursive: true });
  writeFileSync(join(icd, 'libdriver.so'), text);
  const manifest = join(icd, 'driver_icd.json');
  writeFileSync(manifest, JSON.stringify({ ICD: { library_path: './libdriver.so', api_version: '1.3.0' } }));
  return manifest;
}

/** An environment in which the loader finds that driver alone, besides those under /etc. */
const only = (name: string): NodeJS.ProcessEnv => ({
  HOME: folder,
  XDG_CONFIG_DIRS: folder,
  XDG_DATA_DIRS: join(folder, name),
});

test('manifests are found where the loader looks, or are those that the user names', () => {
  const manifest = driver('found', 'x');
  expect(driverManifests(only('found'))).toContain(manifest);
  expect(driverManifests({ ...only('found'), VK_DRIVER_FILES: '/a.json:/b.json' })).toEqual([
    '/a.json',
    '/b.json',
  ]);
  expect(driverManifests({ VK_ICD_FILENAMES: join(folder, 'found/vulkan/icd.d') })).toEqual([manifest]);
  expect(driverManifests({ ...only('nothing'), VK_ADD_DRIVER_FILES: manifest })[0]).toBe(manifest);
});

test('each manifest comes once, in order, and only from where the user says', () => {
  const manifest = driver('ordered', 'x');
  const icd = join(folder, 'ordered/vulkan/icd.d');
  const second = join(icd, 'a_second.json');
  writeFileSync(second, '{}');
  expect(driverManifests({ VK_DRIVER_FILES: icd })).toEqual([second, manifest]);
  expect(driverManifests({ VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: second })).toEqual([manifest]);
  expect(driverManifests({ VK_DRIVER_FILES: '', VK_ICD_FILENAMES: second })).toEqual([second]);
  expect(driverManifests({ VK_DRIVER_FILES: `:${second}::${manifest}:` })).toEqual([second, manifest]);
  const own = driverManifests({ ...only('nothing'), VK_ADD_DRIVER_FILES: `:${icd}:${second}` });
  expect(own.filter((path) => path.startsWith(folder))).toEqual([second, manifest]);
  for (const variable of ['XDG_CONFIG_HOME', 'XDG_CONFIG_DIRS', 'XDG_DATA_HOME', 'XDG_DATA_DIRS']) {
    const found = driverManifests({ ...only('nothing'), [variable]: join(folder, 'ordered') });
    expect(
      found.filter((path) => path.startsWith(folder)),
      variable,
    ).toEqual([second, manifest]);
  }
});

test('a library is found in the folder of its manifest, by its path, or where the linker looks', () => {
  const manifest = join(folder, 'paths.json');
  const libraryOf = (path: string): string | undefined => {
    writeFileSync(manifest, JSON.stringify({ ICD: { library_path: path } }));
    return inspectDriver(manifest).library;
  };
  const library = join(folder, 'library.so');
  writeFileSync(library, 'Mesa x. Mesa 24.1.2, Mesa 25.0.0');
  expect(libraryOf('./library.so')).toBe(library);
  expect(libraryOf(library)).toBe(library);
  expect(libraryOf('library.so')).toBeUndefined();
  expect(libraryOf('./nowhere.so')).toBeUndefined();
  libraryOf(library);
  expect(inspectDriver(manifest).mesa).toBe('24.1.2');
  writeFileSync(manifest, '{}');
  expect(inspectDriver(manifest)).toEqual({ manifest });
});

test('a driver is followed to its library and the version of Mesa there', () => {
  const manifest = driver('mesa', 'Mesa DRI\0...Mesa 22.3.6\0...');
  expect(inspectDriver(manifest)).toEqual({
    manifest,
    library: join(folder, 'mesa/vulkan/icd.d/libdriver.so'),
    mesa: '22.3.6',
  });
  expect(inspectDriver('/nonexistent.json')).toEqual({ manifest: '/nonexistent.json' });
  const broken = join(folder, 'broken.json');
  writeFileSync(broken, '{"ICD"');
  expect(inspectDriver(broken)).toEqual({ manifest: broken });
  expect(mesaVersion(new TextEncoder().encode('no version of Mesa'))).toBeUndefined();
});

test.each([
  ['22.3.6', true],
  ['23.0.4', true],
  ['23.1.0', false],
  ['25.0.7', false],
])('Mesa %s is old: %s', (version, old) => expect(isOldMesa(version)).toBe(old));

describe.runIf(process.platform === 'linux')('the explanation names', () => {
  test('an old Mesa', () => {
    const manifest = driver('old', 'Mesa 22.3.6');
    const text = explainMissingAdapter(only('old'));
    expect(text).toContain(`${manifest} belongs to Mesa 22.3.6: Dawn needs Mesa 23.1 or newer`);
    expect(text).toContain('install Mesa 23.1 or newer');
  });

  test('a library that is not there', () => {
    const manifest = join(folder, 'lost.json');
    writeFileSync(manifest, JSON.stringify({ ICD: { library_path: 'libnowhere.so' } }));
    const text = explainMissingAdapter({ ...only('nothing'), VK_ADD_DRIVER_FILES: manifest });
    expect(text).toContain(`${manifest} names a library that does not exist`);
  });

  test('every driver that a variable names', () => {
    const [first, second] = [driver('first', 'Mesa 22.3.6'), driver('second', 'Mesa 25.0.7')];
    const text = explainMissingAdapter({ VK_DRIVER_FILES: `${first}:${second}:/nowhere.json` });
    expect(text).toContain(`VK_DRIVER_FILES=${first}:${second}:/nowhere.json hides other drivers`);
    expect(text).toContain(`${first} belongs to Mesa 22.3.6: Dawn needs Mesa 23.1 or newer`);
    expect(text).toContain(`${second} belongs to Mesa 25.0.7: it has no device here that Dawn accepts`);
    expect(text).toContain('/nowhere.json does not exist');
  });

  test('variables that hide drivers', () => {
    const text = explainMissingAdapter({ ...only('nothing'), VK_LOADER_DRIVERS_DISABLE: '*' });
    expect(text).toContain('VK_LOADER_DRIVERS_DISABLE=* hides other drivers: unset it');
    expect(text).toContain('install Mesa 23.1 or newer');
  });
});
