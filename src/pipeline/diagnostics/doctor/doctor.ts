import { access, constants, statfs } from 'node:fs/promises';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import type { Backend } from '../../../backend/backend.ts';
import {
  type DriverFile,
  driverManifests,
  inspectDriver,
  isOldMesa,
} from '../../../platform/node/drivers.ts';
import { inspectFiles } from '../../data/status.ts';
import { probeDevice } from './probe.ts';
import { gitState, versionOf } from '../../runs/environment.ts';

/** What was found about one thing that training needs. */
export interface Finding {
  topic: string;
  /** `missing` things have a remedy; only those that are `needed` keep training from working. */
  state: 'ok' | 'missing';
  text: string;
  remedy?: string;
  needed?: boolean;
  /** The facts behind the text, for `--json`. */
  facts?: Backend['info'];
}

const INSTALL_DRIVER = 'bash scripts/install-software-driver.sh   (as root; a driver that needs no GPU)';
const LEAST_NODE = [20, 19] as const;
const LEAST_DISK = 500 * 2 ** 20;

/** Looks at everything that training needs; a probe that fails becomes a finding, never an exception. */
export async function examine(dataRoot: string): Promise<Finding[]> {
  const probes: [string, () => Promise<Finding[]>][] = [
    ['node', examineNode],
    ['machine', examineMachine],
    ['drivers', examineDrivers],
    ['XDG_RUNTIME_DIR', examineRuntimeFolder],
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

/** Dawn's package and the Vulkan drivers that it can reach, whether or not they work. */
async function examineDrivers(): Promise<Finding[]> {
  const version = await versionOf('webgpu');
  const dawn: Finding =
    version === null
      ? { topic: 'Dawn', state: 'missing', text: 'the npm package webgpu is not installed', remedy: 'npm ci' }
      : { topic: 'Dawn', state: 'ok', text: `npm package webgpu ${version}` };
  if (platform() !== 'linux') return [dawn];
  const drivers = driverManifests().map(inspectDriver);
  const lines = drivers.map(describeDriver);
  if (
    drivers.some(({ mesa, library }) => library !== undefined && !(mesa !== undefined && isOldMesa(mesa)))
  ) {
    return [dawn, { topic: 'Vulkan', state: 'ok', text: lines.join('\n') }];
  }
  const text = ['no driver that Dawn takes', ...lines].join('\n');
  return [dawn, { topic: 'Vulkan', state: 'missing', text, remedy: INSTALL_DRIVER }];
}

function describeDriver({ manifest, library, mesa }: DriverFile): string {
  if (library === undefined) return `${manifest}, whose library is not there`;
  if (mesa === undefined) return manifest;
  return `${manifest}, Mesa ${mesa}${isOldMesa(mesa) ? ', too old for Dawn' : ''}`;
}

/** Mesa keeps its sockets and caches there, and complains at every start where it cannot. */
async function examineRuntimeFolder(): Promise<Finding[]> {
  const topic = 'XDG_RUNTIME_DIR';
  const folder = process.env.XDG_RUNTIME_DIR;
  if (!folder) return [{ topic, state: 'ok', text: 'not set; wgrad takes the folder for temporary files' }];
  try {
    await access(folder, constants.W_OK);
    return [{ topic, state: 'ok', text: folder }];
  } catch {
    const remedy = `mkdir -p -m 700 ${folder}, or unset XDG_RUNTIME_DIR`;
    return [{ topic, state: 'missing', text: `${folder} is not there, or may not be written`, remedy }];
  }
}

/** What a device computes and says of itself. */
async function examineDevice(name: 'webgpu' | 'cpu', remedy: string): Promise<Finding[]> {
  const topic = name === 'webgpu' ? 'WebGPU' : 'CPU backend';
  const probed = await probeDevice(name);
  if ('failure' in probed) {
    return [{ topic, state: 'missing', text: probed.failure, remedy, needed: name === 'cpu' }];
  }
  const { description, deviation, milliseconds, info, tuningNote } = probed;
  const works = deviation < 1e-4;
  const verdict = works
    ? `a test product is right, ${milliseconds.toFixed(0)} ms after the start`
    : `a test product is off by ${deviation}`;
  const finding: Finding = { topic, state: works ? 'ok' : 'missing', text: `${description}; ${verdict}` };
  if (!works) return [{ ...finding, remedy, needed: name === 'cpu' }];
  if (name === 'cpu') return [finding];
  const { tuning, ...facts } = info;
  return [
    finding,
    { topic: 'adapter', state: 'ok', text: factLines(facts), facts: info },
    tuningNote === undefined
      ? { topic: 'tuning', state: 'ok', text: String(tuning) }
      : { topic: 'tuning', state: 'missing', text: `${tuning}\n${tuningNote}`, remedy: 'npm run tune' },
  ];
}

function factLines(info: Backend['info']): string {
  return Object.entries(info)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key} ${value}`)
    .join('\n');
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
