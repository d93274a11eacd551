import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** What a file under bench/results/ says of the machine. */
export interface Machine {
  readonly cpu: string;
  /** The widest instructions of the processor; undefined where the system does not say. */
  readonly simd?: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
  readonly platform: string;
}

export function machineFacts(): Machine {
  const simd = widestSimd();
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    ...(simd !== undefined && { simd }),
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** The widest first. */
const KINDS: readonly (readonly [flag: string, name: string])[] = [
  ['avx512f', 'AVX-512'],
  ['avx2', 'AVX2'],
  ['avx', 'AVX'],
  ['sse4_1', 'SSE4.1'],
  ['sve', 'SVE'],
  ['asimd', 'NEON'],
];

/** @param info the text of /proc/cpuinfo, where Linux has it */
export function widestSimd(info: string = readInfo()): string | undefined {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(info)?.[1] ?? '';
  const flags = new Set(line.trim().split(/\s+/));
  return KINDS.find(([flag]) => flags.has(flag))?.[1];
}

function readInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
