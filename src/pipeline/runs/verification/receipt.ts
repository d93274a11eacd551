import { join } from 'node:path';
import { writeJson } from '../../files/json.ts';
import type { Environment } from '../environment.ts';
import type { EnvironmentDifference } from './environmentDifferences.ts';
import type { RecordDifference } from './follower.ts';

/** The file of a run's folder that holds its receipt. */
export const RECEIPT_FILE = 'verification.json';

/** `verification.json`: the outcome of a re-execution. */
export interface Receipt {
  readonly run: string;
  /** Whether everything compared is equal, bit for bit. */
  readonly reproduced: boolean;
  /** `run`: the whole run and its final weights. `part`: only the readings up to a step. */
  readonly extent: 'run' | 'part';
  /** Readings of the journal that are equal. */
  readonly equalReadings: number;
  /** The step of the last of them. */
  readonly equalSteps: number;
  /** Null where there is none. */
  readonly firstDifference: RecordDifference | null;
  /** Hashes of the final weights; null where the run, or the re-execution, did not finish. */
  readonly weightsSha256: { readonly recorded: string | null; readonly now: string | null };
  readonly environmentDifferences: readonly EnvironmentDifference[];
  /** The environment of the re-execution. */
  readonly environment: Environment;
}

/**
 * Writes a run's `verification.json`, and returns its path.
 *
 * @param folder the run's
 * @throws FileError where it cannot be written
 */
export async function writeReceipt(folder: string, receipt: Receipt): Promise<string> {
  const path = join(folder, RECEIPT_FILE);
  await writeJson(path, receipt);
  return path;
}

/** The receipt as text for a terminal. */
export function formatReceipt(receipt: Receipt): string {
  const { run, extent, equalReadings, equalSteps, firstDifference: difference } = receipt;
  const { recorded, now } = receipt.weightsSha256;
  const lines = [
    `run          ${run}`,
    `readings     ${equalReadings} equal to the last bit, up to step ${equalSteps}`,
  ];
  if (difference) {
    const { kind, step, lastEqualStep, field } = difference;
    lines.push(
      `difference   after step ${lastEqualStep}, seen at step ${step}: ${kind} ${field}`,
      `             recorded ${difference.recorded}`,
      `             now      ${difference.now}`,
    );
  }
  if (recorded !== null && now !== null) {
    lines.push(`weights      ${now === recorded ? `equal: ${now}` : `${now}, recorded ${recorded}`}`);
  } else {
    const why = recorded === null ? 'the run did not come to its end' : 'the re-execution ended before';
    lines.push(`weights      not compared: ${why}`);
  }
  lines.push(...environmentLines(receipt));
  lines.push(`verdict      ${verdict(receipt.reproduced, extent)}`);
  return lines.join('\n');
}

function environmentLines({ environmentDifferences: differences }: Receipt): string[] {
  if (differences.length === 0) return ['environment  the same'];
  return differences.map(({ field, recorded, now }, index) => {
    const label = index === 0 ? 'environment  ' : ' '.repeat(13);
    return `${label}${field}: ${text(now)}, recorded ${text(recorded)}`;
  });
}

function text(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function verdict(reproduced: boolean, extent: Receipt['extent']): string {
  if (!reproduced) return 'not reproduced';
  return extent === 'run' ? 'reproduced' : 'reproduced as far as it was compared';
}
