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
import { askGit, versionOf } from '../../runs/environment.ts';
import { errorText } from '../../text/errorText.ts';
import { probeDevice } from './probe.ts';

/** A finding about one thing that training needs. */
export interface Finding {
  topic: string;
  /** A `missing` thing prevents training only where it is also `needed`. */
  state: 'ok' | 'missing';
  text: string;
  remedy?: string | undefined;
  needed?: boolean;
  /** The facts behind the text, for `--json`. */
  facts?: Backend['info'];
}

const INSTALL_DRIVER = 'bash scripts/install-software-driver.sh   (as root; a driver that needs no GPU)';
const LEAST_NODE = [20, 19] as const;
const LEAST_DISK = 500 * 2 ** 20;

const ok = (topic: string, text: string): Finding => ({ topic, state: 'ok', text });
const missing = (topic: string, text: string, remedy?: string): Finding => ({
  topic,
  state: 'missing',
  text,
  remedy,
});

/** Examines everything that training needs. A probe that fails becomes a finding, never an exception. */
export async function examine(dataRoot: string): Promise<Finding[]> {
  const probes: [string, () => Promise<Finding[]> | Finding[]][] = [
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
      findings.push(missing(topic, errorText(error)));
    }
  }
  return findings;
}

function examineNode(): Finding[] {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const recent = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  const text = `Node ${process.versions.node}, V8 ${process.versions.v8}`;
  if (recent) return [ok('node', text)];
  const remedy = `install Node ${LEAST_NODE.join('.')} or newer from nodejs.org`;
  return [{ ...missing('node', text, remedy), needed: true }];
}

function examineMachine(): Finding[] {
  const processors = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(1)} GiB`;
  const processor = `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}`;
  return [ok('machine', `${platform()} ${release()} ${arch()}, ${processor}, ${memory}`)];
}

/** Dawn's package and the Vulkan drivers that it can reach, whether or not they work. */
async function examineDrivers(): Promise<Finding[]> {
  const version = await versionOf('webgpu');
  const dawn =
    version === null
      ? missing('Dawn', 'the npm package webgpu is not installed', 'npm ci')
      : ok('Dawn', `npm package webgpu ${version}`);
  if (platform() !== 'linux') return [dawn];
  const drivers = driverManifests().map(inspectDriver);
  const lines = drivers.map(describeDriver);
  const usable = drivers.some(
    ({ mesa, library }) => library !== undefined && !(mesa !== undefined && isOldMesa(mesa)),
  );
  if (usable) return [dawn, ok('Vulkan', lines.join('\n'))];
  const text = ['no driver that Dawn takes', ...lines].join('\n');
  return [dawn, missing('Vulkan', text, INSTALL_DRIVER)];
}

function describeDriver({ manifest, library, mesa }: DriverFile): string {
  if (library === undefined) return `${manifest}, whose library is not there`;
  if (mesa === undefined) return manifest;
  return `${manifest}, Mesa ${mesa}${isOldMesa(mesa) ? ', too old for Dawn' : ''}`;
}

/** Mesa keeps its sockets and caches in this folder, and complains at every start where it cannot. */
async function examineRuntimeFolder(): Promise<Finding[]> {
  const topic = 'XDG_RUNTIME_DIR';
  const folder = process.env.XDG_RUNTIME_DIR;
  if (!folder) return [ok(topic, 'not set; wgrad takes the folder for temporary files')];
  try {
    await access(folder, constants.W_OK);
    return [ok(topic, folder)];
  } catch {
    const remedy = `mkdir -p -m 700 ${folder}, or unset XDG_RUNTIME_DIR`;
    return [missing(topic, `${folder} is not there, or may not be written`, remedy)];
  }
}

/** What a device computes and reports. */
async function examineDevice(name: 'webgpu' | 'cpu', remedy: string): Promise<Finding[]> {
  const topic = name === 'webgpu' ? 'WebGPU' : 'CPU backend';
  const lack = (text: string): Finding[] => [{ ...missing(topic, text, remedy), needed: name === 'cpu' }];
  const probed = await probeDevice(name);
  if ('failure' in probed) return lack(probed.failure);
  const { description, deviation, milliseconds, info, tuningNote } = probed;
  if (!(deviation < 1e-4)) return lack(`${description}; a test product is off by ${deviation}`);
  const time = `${milliseconds.toFixed(0)} ms after the start`;
  const device = ok(topic, `${description}; a test product is right, ${time}`);
  if (name === 'cpu') return [device];
  const { tuning, ...facts } = info;
  return [
    device,
    { ...ok('adapter', factLines(facts)), facts: info },
    tuningNote === undefined
      ? ok('tuning', String(tuning))
      : missing('tuning', `${tuning}\n${tuningNote}`, 'npm run tune'),
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
  if (wrong.length === 0) return [ok('data', `all ${states.length} files intact in ${root}`)];
  const text = wrong.map(({ problem }) => problem).join('; ');
  return [missing('data', text, 'npx tsx src/data.ts fetch (training does it automatically)')];
}

async function examineDisk(): Promise<Finding[]> {
  const { bavail, bsize } = await statfs('.');
  const free = bavail * bsize;
  const text = `${(free / 2 ** 30).toFixed(1)} GiB free here`;
  if (free >= LEAST_DISK) return [ok('disk', text)];
  const remedy = 'free some space: data and a few runs take 500 MB';
  return [{ ...missing('disk', text, remedy), needed: true }];
}

async function examineGit(): Promise<Finding[]> {
  const remedy = 'use a git checkout: runs record the commit that they ran';
  try {
    const state = await askGit('.');
    if (!state) return [missing('git', 'no commit yet', remedy)];
    return [ok('git', `commit ${state.commit.slice(0, 12)}${state.dirty ? ', with changes' : ''}`)];
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') return [missing('git', 'git is not installed', remedy)];
    if (/not a git repository/.test(stderr)) return [missing('git', 'no git checkout here', remedy)];
    const safe = /safe\.directory (\S+)/.exec(stderr)?.[1];
    const own = safe === undefined ? remedy : `git config --global --add safe.directory ${safe}`;
    return [missing('git', stderr.split('\n')[0] ?? String(error), own)];
  }
}

/** The findings as lines for a terminal. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ topic }) => topic.length));
  const indent = ' '.repeat(width + 7);
  return findings
    .map(({ topic, state, text, remedy }) => {
      const lines = [...text.split('\n'), ...(remedy ? [`fix: ${remedy}`] : [])];
      return `${state === 'ok' ? 'ok  ' : 'lack'}  ${topic.padEnd(width)} ${lines.join(`\n${indent}`)}`;
    })
    .join('\n');
}
