import { describeKey, summariseKeys } from '../config/configuration.ts';
import { knownKeys } from '../config/keys.ts';
import { plainName, requireKnown } from '../text/didYouMean.ts';

/** The keys that a name may mean, written as an option or as a key: `epochs`, `batch-size`, `train.epochs`. */
export function keysNamed(name: string): string[] {
  const wanted = plainName(name);
  const paths = knownKeys().map(({ path }) => path);
  return [...new Set(paths)].filter((path) =>
    [path, path.split('.').at(-1)!].some((known) => plainName(known) === wanted),
  );
}

/**
 * `--help optimizer.lr`: the key with its meaning, and its neighbours. `--help optimizer`: all keys of the section.
 *
 * @throws UsageError where there is no such key; it names the nearest
 */
export function keyHelp(name: string): string {
  const keys = knownKeys();
  const inSection = (section: string): typeof keys =>
    keys.filter(({ path }) => path.startsWith(section === '' ? '' : `${section}.`));
  const [exact = name] = keysNamed(name);
  const found = keys.filter(({ path }) => path === exact);
  if (found.length > 0) {
    const section = exact.split('.').slice(0, -1).join('.');
    const others = inSection(section).filter(({ path }) => path !== exact);
    return `${found.map(describeKey).join('\n')}\n${summariseKeys(`other keys of ${section || 'the file'}`, others)}`;
  }
  const section = inSection(name);
  if (section.length === 0) requireKnown('key', name, [...new Set(keys.map(({ path }) => path))]);
  return section.map(describeKey).join('\n');
}
