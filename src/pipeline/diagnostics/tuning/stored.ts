import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { KernelChoices } from '../../../backend/backend.ts';
import type { AdapterInfo } from '../../../backend/webgpu/tuning/choice.ts';
import { identityOf, kernelsHash } from './identity.ts';
import { type Checked, choicesIn } from './record.ts';

/** Far more than all classes of shapes take. */
const MOST_BYTES = 2 ** 20;
const REMEDY = '`npm run tune` measures again; WGRAD_TUNING=none turns this message off.';

/**
 * Where a device's choices come from: `stored`, the file that `npm run tune` left for this adapter, driver and kernels;
 * `built-in`, the rules alone; or what a run has recorded.
 */
export type TuningSource = 'stored' | 'built-in' | { readonly record: unknown; readonly of: string };

/** Choices that were found for a device. */
export interface FoundTuning {
  readonly choices: KernelChoices;
  /** Why a file or a record was not used, and the remedy. */
  readonly note?: string;
}

/** The choices for a device. A record that does not fit gives way to what is stored. */
export function loadTuning(info: AdapterInfo, source: TuningSource = 'stored'): FoundTuning {
  if (source === 'built-in') return { choices: {} };
  if (source === 'stored') return storedTuning(info);
  const found = choicesIn(source.record, info);
  if ('choices' in found) return found;
  return {
    choices: storedTuning(info).choices,
    note: `the choice of kernels in ${source.of} ${found.problem}; it is not used.`,
  };
}

/** The stored choices for an adapter: the `tuning` option of `init` and `open`. */
export function storedChoices(info: AdapterInfo): KernelChoices {
  return storedTuning(info).choices;
}

function storedTuning(info: AdapterInfo): FoundTuning {
  const wish = process.env['WGRAD_TUNING'];
  if (wish === 'none') return { choices: {} };
  const path = tuningPath(info);
  if (!existsSync(path)) {
    const note = missingNote(path, wish);
    return { choices: {}, ...(note !== undefined && { note }) };
  }
  const found = readChoices(path, info);
  if ('choices' in found) return found;
  return { choices: {}, note: `${path} ${found.problem}; it is not used. ${REMEDY}` };
}

/**
 * The file of an adapter with its driver, and of the kernels as they are: `~/.cache/wgrad/tuning/NAME-HASH.json`, in
 * XDG_CACHE_HOME where that is set. WGRAD_TUNING names another file.
 */
export function tuningPath(info: AdapterInfo): string {
  const wish = process.env['WGRAD_TUNING'];
  if (wish !== undefined && wish !== '' && wish !== 'none') return wish;
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const identity = identityOf(info);
  const name = `${identity.vendor}-${identity.device}`.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, 80);
  const hash = createHash('sha256')
    .update(JSON.stringify([identity, kernelsHash()]))
    .digest('hex');
  return join(cache, 'wgrad', 'tuning', `${name}-${hash.slice(0, 16)}.json`);
}

/** A file that was asked for, or one that was made for another driver or for other kernels. */
function missingNote(path: string, wish: string | undefined): string | undefined {
  if (wish) return `WGRAD_TUNING is ${wish}, and there is no such file. ${REMEDY}`;
  const [name, folder] = [basename(path).replace(/[0-9a-f]{16}\.json$/, ''), dirname(path)];
  const older = namesIn(folder).filter(
    (each) => each.startsWith(name) && each.length === basename(path).length,
  );
  if (older.length === 0) return undefined;
  return `${join(folder, older[0]!)} is of another driver or of other versions of the kernels; it is not used. ${REMEDY}`;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readChoices(path: string, info: AdapterInfo): Checked {
  try {
    const { size } = statSync(path);
    if (size > MOST_BYTES) return { problem: `is too large: at most ${MOST_BYTES} bytes, got ${size}` };
    return choicesIn(JSON.parse(readFileSync(path, 'utf8')), info);
  } catch (error) {
    return { problem: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}
