import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/** A Vulkan driver as the loader finds it: a manifest and its library. */
export interface DriverFile {
  /** The manifest, a .json file. */
  manifest: string;
  /** The path of the library; undefined if manifest or library is missing. */
  library?: string;
  /** The version of Mesa, if the library is Mesa's. */
  mesa?: string;
}

/** The oldest Mesa that Dawn accepts. */
const MESA_AT_LEAST = [23, 1] as const;
/** Variables with which the user hides drivers from the loader. */
const HIDING = [
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'VK_LOADER_DRIVERS_SELECT',
  'VK_LOADER_DRIVERS_DISABLE',
];
/** Library folders of the Linux systems that Node supports. */
const LIBRARY_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
  '/lib',
];

/** The manifests that the Vulkan loader reads in this environment (Linux; source: the loader's documentation). */
export function driverManifests(environment: NodeJS.ProcessEnv = process.env): string[] {
  const chosen = environment.VK_DRIVER_FILES || environment.VK_ICD_FILENAMES;
  if (chosen) return list(chosen).flatMap(manifestsAt);
  const home = environment.HOME ?? homedir();
  const folders = [
    environment.XDG_CONFIG_HOME || join(home, '.config'),
    ...list(environment.XDG_CONFIG_DIRS || '/etc/xdg'),
    '/usr/local/etc',
    '/etc',
    environment.XDG_DATA_HOME || join(home, '.local/share'),
    ...list(environment.XDG_DATA_DIRS || '/usr/local/share:/usr/share'),
  ].map((folder) => join(folder, 'vulkan/icd.d'));
  const places = [
    ...list(environment.VK_ADD_DRIVER_FILES ?? ''),
    ...folders.filter((folder) => existsSync(folder)),
  ];
  return [...new Set(places.flatMap(manifestsAt))];
}

/** The driver of a manifest. Never throws: what cannot be read is left out. */
export function inspectDriver(manifest: string): DriverFile {
  try {
    const { ICD } = JSON.parse(readFileSync(manifest, 'utf8')) as { ICD?: { library_path?: string } };
    const library =
      ICD?.library_path === undefined ? undefined : findLibrary(ICD.library_path, dirname(manifest));
    if (library === undefined) return { manifest };
    const mesa = mesaVersion(readFileSync(library));
    return mesa === undefined ? { manifest, library } : { manifest, library, mesa };
  } catch {
    return { manifest };
  }
}

/** The version in the text of a Mesa driver, for example `25.0.7`. */
export function mesaVersion(library: Uint8Array): string | undefined {
  const bytes = Buffer.from(library.buffer, library.byteOffset, library.byteLength);
  for (let at = bytes.indexOf('Mesa '); at >= 0; at = bytes.indexOf('Mesa ', at + 1)) {
    const [, version] = /^Mesa (\d+\.\d+\.\d+)/.exec(bytes.toString('latin1', at, at + 24)) ?? [];
    if (version !== undefined) return version;
  }
  return undefined;
}

/** Whether Dawn rejects this version of Mesa as too old. */
export function isOldMesa(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < MESA_AT_LEAST[0] || (major === MESA_AT_LEAST[0] && minor < MESA_AT_LEAST[1]);
}

/** The reason why there is no adapter, as far as the machine shows it, and the remedy. */
export function explainMissingAdapter(environment: NodeJS.ProcessEnv = process.env): string {
  const lines = process.platform === 'linux' ? explainOnLinux(environment) : [`install your GPU's driver`];
  return [
    'No WebGPU adapter was found.',
    ...lines.map((line) => `  ${line}`),
    'device: cpu works everywhere.',
  ].join('\n');
}

function explainOnLinux(environment: NodeJS.ProcessEnv): string[] {
  const install =
    `install Mesa ${MESA_AT_LEAST.join('.')} or newer, whose driver lavapipe needs no GPU ` +
    '(on Debian and Ubuntu the packages libvulkan1 and mesa-vulkan-drivers)';
  const hiding = HIDING.filter((name) => environment[name]);
  const drivers = driverManifests(environment).map(inspectDriver);
  if (hiding.length > 0) {
    return [
      ...hiding.map((name) => `${name}=${environment[name]!} hides other drivers: unset it, or change it`),
      ...(hiding.some((name) => name.startsWith('VK_LOADER')) ? [] : drivers.map(describeRefused)),
      `if there is no other driver, ${install}`,
    ];
  }
  if (!LIBRARY_FOLDERS.some((folder) => existsSync(join(folder, 'libvulkan.so.1')))) {
    return [`The Vulkan loader (libvulkan.so.1) is not installed: ${install}`];
  }
  if (drivers.length === 0) return [`No Vulkan driver is installed: ${install}, or install your GPU's own`];
  return [...drivers.map(describeRefused), install];
}

function describeRefused({ manifest, library, mesa }: DriverFile): string {
  if (!existsSync(manifest)) return `${manifest} does not exist`;
  if (library === undefined) return `${manifest} names a library that does not exist`;
  if (mesa === undefined) return `${manifest} exists, but has no device that Dawn accepts`;
  const reason = isOldMesa(mesa)
    ? `Dawn needs Mesa ${MESA_AT_LEAST.join('.')} or newer`
    : 'it has no device here that Dawn accepts';
  return `${manifest} belongs to Mesa ${mesa}: ${reason}`;
}

/** The entries of a path list. */
function list(paths: string): string[] {
  return paths.split(':').filter((path) => path !== '');
}

/** The manifests in a folder, or the file itself. */
function manifestsAt(path: string): string[] {
  try {
    return readdirSync(path)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => join(path, name));
  } catch {
    return [path];
  }
}

/** A path with a slash is relative to the manifest's folder. A bare name is searched as the linker does. */
function findLibrary(path: string, folder: string): string | undefined {
  if (isAbsolute(path) || path.includes('/')) {
    const full = resolve(folder, path);
    return existsSync(full) ? full : undefined;
  }
  return LIBRARY_FOLDERS.map((place) => join(place, path)).find((candidate) => existsSync(candidate));
}
