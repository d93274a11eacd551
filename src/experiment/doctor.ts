import { statfs } from 'node:fs/promises';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import type { Backend } from '../backend/backend.ts';
import { inspectFiles } from '../data/status.ts';
import { open } from '../tensor/device.ts';
import { rand } from '../tensor/random.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { gitState } from './environment.ts';

/** What was found about one thing that training needs. */
export interface Finding {
  topic: string;
  /** `missing` things have a remedy; only those that are `needed` keep training from working. */
  state: 'ok' | 'missing';
  text: string;
  remedy?: string;
  needed?: boolean;
}

const INSTALL_DRIVER = 'sudo bash scripts/install-software-driver.sh';
const LEAST_NODE = [20, 19] as const;
const LEAST_DISK = 500 * 2 ** 20;

/** Looks at everything that training needs; a probe that fails becomes a finding, never an exception. */
export async function examine(dataRoot: string): Promise<Finding[]> {
  const probes: [string, () => Promise<Finding[]>][] = [
    ['node', examineNode],
    ['machine', examineMachine],
    ['WebGPU', () => examineDevice('webgpu', INSTALL_DRIVER)],
    ['CPU backend', () => examineDevice('cpu', 'report this: the CPU backend should work everywhere')],
    ['data', () => examineData(dataRoot)],
    ['disk', examineDisk],
    ['git', examineGit],
  ];
  const findings: Finding[] = [];
  for (const [topic, probe] of probes) {
    try {
      findings.push(...(await probe()));
    } catch (error) {
      findings.push({
        topic,
        state: 'missing',
        text: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return findings;
}

function examineNode(): Promise<Finding[]> {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const recent = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  const text = `Node ${process.versions.node}, V8 ${process.versions.v8}`;
  if (recent) return Promise.resolve([{ topic: 'node', state: 'ok', text }]);
  const remedy = `install Node ${LEAST_NODE.join('.')} or newer from nodejs.org`;
  return Promise.resolve([{ topic: 'node', state: 'missing', text, remedy, needed: true }]);
}

function examineMachine(): Promise<Finding[]> {
  const processors = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(1)} GiB`;
  const text = `${platform()} ${release()} ${arch()}, ${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${memory}`;
  return Promise.resolve([{ topic: 'machine', state: 'ok', text }]);
}

/** Opens a device and multiplies two matrices on it, to see that it computes, and computes rightly. */
async function examineDevice(name: 'webgpu' | 'cpu', remedy: string): Promise<Finding[]> {
  const topic = name === 'webgpu' ? 'WebGPU' : 'CPU backend';
  let device: Backend | undefined;
  try {
    device = await open(name);
    const startedAt = performance.now();
    const deviation = await productDeviation(device);
    const milliseconds = (performance.now() - startedAt).toFixed(0);
    const works = deviation < 1e-4;
    const verdict = works
      ? `a test product is right, in ${milliseconds} ms`
      : `a test product is off by ${deviation}`;
    const facts = Object.entries(device.info).filter(([, value]) => value !== '');
    return [
      {
        topic,
        state: works ? 'ok' : 'missing',
        text: `${device.description}; ${verdict}`,
        ...(works ? {} : { remedy }),
      },
      ...(name === 'webgpu'
        ? [
            {
              topic: 'adapter',
              state: 'ok' as const,
              text: facts.map(([key, value]) => `${key} ${value}`).join(', '),
            },
          ]
        : []),
    ];
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return [{ topic, state: 'missing', text, remedy, needed: name === 'cpu' }];
  } finally {
    device?.destroy();
  }
}

/** How far the device's product of two matrices is from one computed in float64 here. */
async function productDeviation(device: Backend): Promise<number> {
  const size = 33;
  const factors = [1, 2].map((stream) => rand([size, size], { seed: 1, stream, device })) as [Tensor, Tensor];
  const product = await scope(() => factors[0].matmul(factors[1])).data();
  const [a, b] = [await factors[0].data(), await factors[1].data()];
  let worst = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let p = 0; p < size; p++) sum += a[i * size + p]! * b[p * size + j]!;
      worst = Math.max(worst, Math.abs(sum - product[i * size + j]!));
    }
  }
  return worst;
}

async function examineData(root: string): Promise<Finding[]> {
  const states = await inspectFiles(root);
  const wrong = states.filter(({ state }) => state !== 'intact');
  if (wrong.length === 0)
    return [{ topic: 'data', state: 'ok', text: `all ${states.length} files intact in ${root}` }];
  const text = wrong.map(({ problem }) => problem).join('; ');
  return [
    {
      topic: 'data',
      state: 'missing',
      text,
      remedy: 'npx tsx src/data.ts fetch (training does it by itself)',
    },
  ];
}

async function examineDisk(): Promise<Finding[]> {
  const { bavail, bsize } = await statfs('.');
  const free = bavail * bsize;
  const text = `${(free / 2 ** 30).toFixed(1)} GiB free here`;
  if (free >= LEAST_DISK) return [{ topic: 'disk', state: 'ok', text }];
  return [
    {
      topic: 'disk',
      state: 'missing',
      text,
      remedy: 'free some space: data and a few runs take 500 MB',
      needed: true,
    },
  ];
}

async function examineGit(): Promise<Finding[]> {
  const state = await gitState('.');
  if (!state) {
    const remedy = 'use a git checkout: runs record the commit that they ran';
    return [{ topic: 'git', state: 'missing', text: 'no git checkout here', remedy }];
  }
  return [
    {
      topic: 'git',
      state: 'ok',
      text: `commit ${state.commit.slice(0, 12)}${state.dirty ? ', with changes' : ''}`,
    },
  ];
}

/** The findings as lines for a terminal. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ topic }) => topic.length));
  const indent = ' '.repeat(width + 7);
  return findings
    .map(({ topic, state, text, remedy }) => {
      const lines = [...text.split('\n'), ...(remedy ? [`to mend it: ${remedy}`] : [])];
      return `${state === 'ok' ? 'ok  ' : 'lack'}  ${topic.padEnd(width)} ${lines.join(`\n${indent}`)}`;
    })
    .join('\n');
}
