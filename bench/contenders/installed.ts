import { readFileSync } from 'node:fs';

/**
 * Loads a package of bench/package.json. Its name is no constant for the compiler, which need not find it: the library is
 * built and checked without its peers.
 *
 * @throws Error that names the remedy where it is not installed
 */
export async function load<T>(name: string): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(`${name} is not installed: npm run bench:install`, { cause: error });
  }
}

/** The version of an installed package. */
export function versionOf(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
