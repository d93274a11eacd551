import type { Entry } from './contenders/list.ts';
import type { Preset } from './presets.ts';
import { ContenderError, type Runtime, type Worker } from './protocol.ts';
import { addResult, type BenchResult, type Participant } from './results.ts';
import { measureInTurns } from './rounds.ts';
import { firstStepTable, workloadTable } from './table.ts';
import { evaluation, training, type Workload } from './workloads.ts';

const OPEN_SECONDS = 60;

/** What a run of the suite tells as it goes. */
export interface Reporter {
  /** What is being done; replaced by what follows. */
  progress(text: string): void;
  print(lines: readonly string[]): void;
}

/** Runs workloads on contenders, each in a process or page that lives for the whole run, and fills the result as it goes. */
export class Suite {
  readonly #preset: Preset;
  readonly #runtime: Runtime;
  readonly #result: BenchResult;
  readonly #reporter: Reporter;
  readonly #workers = new Map<Entry, Worker>();
  #stopped = false;

  constructor(preset: Preset, runtime: Runtime, result: BenchResult, reporter: Reporter) {
    this.#preset = preset;
    this.#runtime = runtime;
    this.#result = result;
    this.#reporter = reporter;
  }

  async run(): Promise<void> {
    const { workloads, gpuWorkloads, growth, starts } = this.#preset;
    await this.#openAll();
    const gpu = this.#result.participants.some(({ facts }) => facts?.gpu);
    const all = [...workloads, ...(gpu ? gpuWorkloads : []), ...growth];
    for (const [index, workload] of all.entries())
      await this.#measure(workload, `${index + 1}/${all.length}`);
    if (starts > 0 && workloads.some(({ name }) => name === training('mlp').name))
      await this.#firstSteps(starts);
  }

  /** Ends all contenders; to be called on every way out. Nothing starts after it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#runtime.close();
  }

  async #openAll(): Promise<void> {
    for (const entry of this.#preset.contenders) {
      this.#reporter.progress(`opening ${entry.label}`);
      const participant = await this.#open(entry);
      this.#result.participants.push(participant);
      const { facts, failure } = participant;
      const versions = Object.entries(facts?.versions ?? {}).map((pair) => pair.join(' '));
      const details = facts
        ? [facts.device, ...versions, ...facts.notes].join('; ')
        : `NOT MEASURED: ${failure}`;
      this.#reporter.print([`${entry.label.padEnd(22)} ${details}`]);
    }
    this.#reporter.print(['']);
  }

  async #open(entry: Entry): Promise<Participant> {
    const { name, label, library } = entry;
    const worker = this.#runtime.start(entry);
    this.#workers.set(entry, worker);
    try {
      const facts = await worker.ask({ action: 'open' }, OPEN_SECONDS);
      return { name, label, library, facts };
    } catch (error) {
      await worker.stop();
      this.#workers.delete(entry);
      if (!(error instanceof ContenderError)) throw error;
      return { name, label, library, failure: error.message };
    }
  }

  async #measure(workload: Workload, place: string): Promise<void> {
    for (const [entry, worker] of this.#workers) {
      // It ended with the last workload, or was ended for taking too long.
      if (worker.ended) await this.#open(entry);
    }
    this.#reporter.progress(`${place} ${workload.name}`);
    const measurements = await measureInTurns(
      workload,
      [...this.#workers.values()],
      this.#preset.rounds,
      (doing) => this.#reporter.progress(`${place} ${workload.name}: ${doing}`),
    );
    if (this.#stopped) throw new Error('the suite was stopped');
    addResult(this.#result, workload, measurements);
    this.#reporter.print([...workloadTable(this.#result.results.at(-1)!, this.#result.participants), '']);
  }

  async #firstSteps(starts: number): Promise<void> {
    for (const entry of this.#workers.keys()) {
      for (const workload of [training('mlp'), training('cnn'), evaluation('mlp'), evaluation('cnn')]) {
        this.#reporter.progress(`first result and memory of ${entry.label}: ${workload.name}`);
        const timed = workload.kind === 'training' && workload.network === 'mlp';
        const steps = await this.#runtime.firstSteps?.(entry, workload, timed ? starts : 1);
        this.#result.firstSteps.push(...(steps ?? []));
      }
    }
    this.#reporter.print([...firstStepTable(this.#result.firstSteps, this.#result.participants), '']);
  }
}
