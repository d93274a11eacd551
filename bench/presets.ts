import { BROWSER_CONTENDERS, CONTENDERS, type Entry } from './contenders/list.ts';
import type { RoundOptions } from './rounds.ts';
import { GROWTH, GPU_WORKLOADS, type Workload, WORKLOADS } from './workloads.ts';

/** How much is measured, and how long for. */
export interface Preset {
  readonly name: 'quick' | 'full' | 'browser';
  readonly rounds: RoundOptions;
  readonly workloads: readonly Workload[];
  /** Added where one of the contenders runs on a real GPU. */
  readonly gpuWorkloads: readonly Workload[];
  /** Steps whose cost is measured over batch and width. */
  readonly growth: readonly Workload[];
  /** Fresh processes whose first step is timed. */
  readonly starts: number;
  readonly contenders: readonly Entry[];
}

const contendersBut = (...names: string[]): Entry[] => CONTENDERS.filter(({ name }) => !names.includes(name));

/** Everything, which takes several times as long. */
export const FULL: Preset = {
  name: 'full',
  rounds: {
    warmUpSeconds: 2,
    rounds: 11,
    sampleMilliseconds: 200,
    settleMilliseconds: 100,
    budgetSeconds: 8,
    limitSeconds: 120,
    steps: 20,
  },
  workloads: WORKLOADS,
  gpuWorkloads: GPU_WORKLOADS,
  growth: GROWTH,
  starts: 5,
  contenders: CONTENDERS,
};

const QUICK_WORKLOADS = [
  'step',
  'evaluation',
  '512³',
  '1024³',
  '128×784',
  '256×128ᵀ',
  '→64',
  '→32 forward',
  '10000',
];

/**
 * The figures that decide, in ten minutes on two quiet cores; without TensorFlow.js's plain JavaScript, which takes most of
 * the time.
 */
export const QUICK: Preset = {
  name: 'quick',
  rounds: {
    warmUpSeconds: 1,
    rounds: 5,
    sampleMilliseconds: 100,
    settleMilliseconds: 100,
    budgetSeconds: 1.5,
    limitSeconds: 45,
    steps: 10,
  },
  workloads: WORKLOADS.filter(({ name }) => QUICK_WORKLOADS.some((part) => name.includes(part))),
  gpuWorkloads: GPU_WORKLOADS,
  growth: [],
  starts: 2,
  contenders: contendersBut('tfjs-cpu'),
};

const BROWSER_WORKLOADS = ['step', 'evaluation', '512³', '1024³', 'forward'];

/** In a headless Chromium: steps, products and convolutions. */
export const BROWSER: Preset = {
  name: 'browser',
  rounds: {
    warmUpSeconds: 1.5,
    rounds: 7,
    sampleMilliseconds: 150,
    settleMilliseconds: 100,
    budgetSeconds: 10,
    // TensorFlow.js takes seconds for a step on a software driver.
    limitSeconds: 300,
    steps: 10,
  },
  workloads: WORKLOADS.filter(
    ({ name, kind }) => kind !== 'maxPool2d' && BROWSER_WORKLOADS.some((part) => name.includes(part)),
  ),
  gpuWorkloads: [],
  growth: [],
  starts: 0,
  contenders: BROWSER_CONTENDERS,
};
