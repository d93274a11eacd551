// Jobs for several threads. A job is cut into tasks that write to different places, so any thread can run any task. The
// main thread posts a job and takes part in it. The other threads sleep until there is a job.
//
// A thread claims a task by decrementing `remaining` from a value above 0, and reads the job only after that. The main
// thread does not return, and posts nothing else, before every claimed task is done.
//
// Waking a sleeping thread costs the main thread about 20 µs, and the sleeper more. Threads therefore poll for a multiple of
// that before they sleep, which covers the gaps between the jobs of a step: small jobs of the main thread, about 50 µs in
// that of an MLP. Small jobs wake no thread; threads that are awake help.

import { AttentionJob, attentionGradientTask, attentionTask } from './attention';
import {
  BatchNormJob,
  batchNormGradientTask,
  batchNormStatisticsTask,
  batchNormSumsTask,
  batchNormTask,
} from './batchNorm';
import { averagePoolGradientTask, AveragePoolJob, averagePoolTask } from './averagePool';
import { ScanJob, scanTask } from './scan';
import { PadJob, padTask, WeightJob, weightTask, WindowJob, windowTask } from './convolution';
import { CopyJob, copyRowsTask, transposeTask } from './copy';
import { crossEntropyGradientTask, CrossEntropyJob, crossEntropyTask } from './crossEntropy';
import { RandomJob, randomTask } from './random';
import { elementwiseTask } from './elementwise';
import { ElementwiseJob } from './elementwiseJob';
import { LayerNormJob, layerNormGradientTask, layerNormSumsTask, layerNormTask } from './layerNorm';
import {
  GatherJob,
  gatherTask,
  indexOrderTask,
  OrderJob,
  placesTask,
  PlacesJob,
  FoldJob,
  scatterAddTask,
  scatterFoldTask,
  ScatterJob,
} from './gather';
import { MatmulJob, matmulTask } from './matmul';
import {
  AdamJob,
  adamTask,
  MomentsJob,
  momentsTask,
  RmspropJob,
  rmspropTask,
  SgdJob,
  sgdTask,
} from './optimizers';
import { PoolJob, poolGradientTask, poolHalvesGradientTask, poolTask } from './pool';
import { ArgreduceJob, argreduceTask } from './argreduce';
import { SquaresJob, squaresTask } from './norm';
import { ReduceJob, reduceTask } from './reduce';
import { ReluGradientJob, reluGradientTask } from './rows';
import { RowTotalsJob, rowTotalsTask, SoftmaxJob, softmaxTask } from './softmax';
import { SoftmaxColumnsJob, softmaxColumnsTask } from './softmaxColumns';
import { strideTwoFiltersTask, strideTwoGradientTask, strideTwoTask } from './strideTwo';
import { strideTwoFinishTask, strideTwoWeightTask } from './strideTwoWeight';
import { TiledFiltersJob, TiledJob } from './tiled';
import { TiledFinishJob, TiledWeightJob } from './tiledWeight';
import { ThreesJob, threesTask, ThreesWeightJob, threesWeightTask } from './threes';
import { WinogradJob, winogradTask } from './winograd';
import { winogradFourFiltersTask, winogradFourTask } from './winogradFour';
import { winogradFourFinishTask, winogradFourWeightTask } from './winogradFourWeight';
import { winogradFinishTask, winogradWeightTask } from './winogradWeight';

/** The address of the job. Each counter has its own cache line. */
const REMAINING: usize = 1024;
const DONE: usize = 1152;
const TOTAL: usize = 1280;
const KIND: usize = 1284;
/** Scratch memory of the first thread, and the bytes between the memory of two threads. */
const SCRATCH: usize = 1288;
const SCRATCH_SIZE: usize = 1292;
const JOB: usize = 1408;
/** The number of helping threads that sleep, and whether the main thread sleeps. */
const SLEEPERS: usize = 1664;
const MAIN_SLEEPS: usize = 1792;
/** How many tasks the helping threads have claimed. */
const TAKEN: usize = 1920;
/** What the main thread does: 0 if it has posted no job, 2 in a task of its job, otherwise 1. */
const STAGE: usize = 896;

/** How often a thread polls before it sleeps. One poll takes about a cycle of the processor, in all 60 to 100 µs. */
const PATIENCE: i32 = 240_000;

/** The address where the main thread writes the fields of a job. */
export function jobAddress(): usize {
  return JOB;
}

/**
 * Runs the job at `jobAddress()`, and returns when it is done.
 *
 * @param threads the maximum number of threads
 * @param wake whether to wake sleeping threads
 * @param sleep whether the calling thread may sleep; the main thread of a page must poll, at most for the time of one task
 */
export function run(
  kind: i32,
  tasks: i32,
  scratch: usize,
  scratchSize: i32,
  threads: i32,
  wake: bool,
  sleep: bool,
): void {
  store<i32>(KIND, kind);
  store<usize>(SCRATCH, scratch);
  store<i32>(SCRATCH_SIZE, scratchSize);
  store<i32>(TOTAL, tasks);
  if (threads <= 1 || tasks <= 1) {
    for (let task = 0; task < tasks; task++) runTask(task, 0);
    return;
  }
  atomic.store<i32>(DONE, 0);
  atomic.store<i32>(TAKEN, 0);
  store<i32>(STAGE, 1);
  atomic.store<i32>(REMAINING, tasks);
  // A thread that increments SLEEPERS after this check finds the job before it sleeps.
  if (wake && atomic.load<i32>(SLEEPERS) > 0) atomic.notify(REMAINING, threads - 1);
  work(0);
  let looks = 0;
  while (true) {
    const done = atomic.load<i32>(DONE);
    if (done == tasks) break;
    if (!sleep || ++looks <= PATIENCE) continue;
    atomic.store<i32>(MAIN_SLEEPS, 1);
    atomic.wait<i32>(DONE, done, -1);
    atomic.store<i32>(MAIN_SLEEPS, 0);
  }
  store<i32>(STAGE, 0);
}

/** After a task of the main thread that has no stack left: drops the tasks that are left, and waits for the other threads. */
export function abandon(): void {
  const stage = load<i32>(STAGE);
  if (stage == 0) return;
  store<i32>(STAGE, 0);
  const claimed = load<i32>(TOTAL) - atomic.xchg<i32>(REMAINING, 0);
  const ended = stage == 2 ? claimed - 1 : claimed;
  while (atomic.load<i32>(DONE) < ended);
}

/** The main loop of a helping thread. */
export function serve(thread: i32): void {
  while (true) {
    let looks = 0;
    while (atomic.load<i32>(REMAINING) <= 0) {
      if (++looks <= PATIENCE) continue;
      atomic.add<i32>(SLEEPERS, 1);
      atomic.wait<i32>(REMAINING, 0, -1);
      atomic.sub<i32>(SLEEPERS, 1);
    }
    work(thread);
  }
}

/**
 * Runs tasks until none is left. The main thread starts with the last task, the others with the first, so that jobs one after
 * another find in each processor's cache what it wrote.
 */
function work(thread: i32): void {
  let last = load<i32>(TOTAL);
  while (true) {
    const remaining = atomic.load<i32>(REMAINING);
    if (remaining <= 0) return;
    if (atomic.cmpxchg<i32>(REMAINING, remaining, remaining - 1) != remaining) continue;
    if (thread == 0) store<i32>(STAGE, 2);
    runTask(thread == 0 ? --last : atomic.add<i32>(TAKEN, 1), thread);
    const total = load<i32>(TOTAL);
    if (atomic.add<i32>(DONE, 1) + 1 == total && atomic.load<i32>(MAIN_SLEEPS) == 1) atomic.notify(DONE, 1);
  }
}

// `npm run wasm` reads the list of jobs from these lines: see src/backend/cpu/simd/jobs.ts.
function runTask(task: i32, thread: i32): void {
  const scratch = load<usize>(SCRATCH) + <usize>thread * load<usize>(SCRATCH_SIZE);
  const kind = load<i32>(KIND);
  if (kind == 0) matmulTask(changetype<MatmulJob>(JOB), task, scratch);
  else if (kind == 1) padTask(changetype<PadJob>(JOB), task);
  else if (kind == 2) windowTask(changetype<WindowJob>(JOB), task, scratch);
  else if (kind == 3) weightTask(changetype<WeightJob>(JOB), task, scratch);
  else if (kind == 4) elementwiseTask(changetype<ElementwiseJob>(JOB), task, scratch);
  else if (kind == 5) poolTask(changetype<PoolJob>(JOB), task);
  else if (kind == 6) poolGradientTask(changetype<PoolJob>(JOB), task);
  else if (kind == 7) adamTask(changetype<AdamJob>(JOB), task);
  else if (kind == 8) randomTask(changetype<RandomJob>(JOB), task, scratch);
  else if (kind == 9) batchNormStatisticsTask(changetype<BatchNormJob>(JOB), task);
  else if (kind == 10) batchNormSumsTask(changetype<BatchNormJob>(JOB), task);
  else if (kind == 11) batchNormTask(changetype<BatchNormJob>(JOB), task);
  else if (kind == 12) batchNormGradientTask(changetype<BatchNormJob>(JOB), task);
  else if (kind == 13) winogradTask(changetype<WinogradJob>(JOB), task, scratch);
  else if (kind == 14) rowTotalsTask(changetype<RowTotalsJob>(JOB), task);
  else if (kind == 15) softmaxTask(changetype<SoftmaxJob>(JOB), task);
  else if (kind == 16) winogradWeightTask(changetype<TiledWeightJob>(JOB), task, scratch);
  else if (kind == 17) reduceTask(changetype<ReduceJob>(JOB), task, scratch);
  else if (kind == 18) argreduceTask(changetype<ArgreduceJob>(JOB), task);
  else if (kind == 19) reluGradientTask(changetype<ReluGradientJob>(JOB), task);
  else if (kind == 20) threesTask(changetype<ThreesJob>(JOB), task);
  else if (kind == 21) threesWeightTask(changetype<ThreesWeightJob>(JOB), task, scratch);
  else if (kind == 22) poolHalvesGradientTask(changetype<PoolJob>(JOB), task);
  else if (kind == 23) winogradFinishTask(changetype<TiledFinishJob>(JOB), task);
  else if (kind == 24) copyRowsTask(changetype<CopyJob>(JOB), task);
  else if (kind == 25) layerNormTask(changetype<LayerNormJob>(JOB), task);
  else if (kind == 26) layerNormGradientTask(changetype<LayerNormJob>(JOB), task);
  else if (kind == 27) layerNormSumsTask(changetype<LayerNormJob>(JOB), task);
  else if (kind == 28) transposeTask(changetype<CopyJob>(JOB), task);
  else if (kind == 29) gatherTask(changetype<GatherJob>(JOB), task);
  else if (kind == 30) indexOrderTask(changetype<OrderJob>(JOB), task);
  else if (kind == 31) scatterAddTask(changetype<ScatterJob>(JOB), task);
  else if (kind == 32) softmaxColumnsTask(changetype<SoftmaxColumnsJob>(JOB), task);
  else if (kind == 33) placesTask(changetype<PlacesJob>(JOB), task, scratch);
  else if (kind == 34) winogradFourTask(changetype<TiledJob>(JOB), task, scratch);
  else if (kind == 35) winogradFourFiltersTask(changetype<TiledFiltersJob>(JOB), task, scratch);
  else if (kind == 36) winogradFourWeightTask(changetype<TiledWeightJob>(JOB), task, scratch);
  else if (kind == 37) winogradFourFinishTask(changetype<TiledFinishJob>(JOB), task, scratch);
  else if (kind == 38) scatterFoldTask(changetype<FoldJob>(JOB), task, scratch);
  else if (kind == 39) scanTask(changetype<ScanJob>(JOB), task, scratch);
  else if (kind == 40) averagePoolTask(changetype<AveragePoolJob>(JOB), task);
  else if (kind == 41) averagePoolGradientTask(changetype<AveragePoolJob>(JOB), task, scratch);
  else if (kind == 42) attentionTask(changetype<AttentionJob>(JOB), task, scratch);
  else if (kind == 43) attentionGradientTask(changetype<AttentionJob>(JOB), task, scratch);
  else if (kind == 44) crossEntropyTask(changetype<CrossEntropyJob>(JOB), task);
  else if (kind == 45) crossEntropyGradientTask(changetype<CrossEntropyJob>(JOB), task);
  else if (kind == 46) strideTwoTask(changetype<TiledJob>(JOB), task, scratch);
  else if (kind == 47) strideTwoGradientTask(changetype<TiledJob>(JOB), task, scratch);
  else if (kind == 48) strideTwoFiltersTask(changetype<TiledFiltersJob>(JOB), task, scratch);
  else if (kind == 49) strideTwoWeightTask(changetype<TiledWeightJob>(JOB), task, scratch);
  else if (kind == 50) strideTwoFinishTask(changetype<TiledFinishJob>(JOB), task, scratch);
  else if (kind == 51) sgdTask(changetype<SgdJob>(JOB), task);
  else if (kind == 52) rmspropTask(changetype<RmspropJob>(JOB), task);
  else if (kind == 53) momentsTask(changetype<MomentsJob>(JOB), task);
  else if (kind == 54) squaresTask(changetype<SquaresJob>(JOB), task);
  else unreachable();
}
