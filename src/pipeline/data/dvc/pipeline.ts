/** The stages of `dvc.yaml`. */
import { z } from 'zod';
import { DataError } from '../errors.ts';
import { readYaml } from './yaml.ts';

/** One stage: a command, its inputs and its outputs. */
export interface Stage {
  readonly name: string;
  readonly cmd: string;
  /** Files and folders that it reads, relative to the project, sorted. */
  readonly deps: readonly string[];
  /** Parameter file → the keys (`optimizer.lr`) that affect the stage, sorted. */
  readonly params: ReadonlyMap<string, readonly string[]>;
  /** Files and folders that it writes, including metrics and plots, sorted. */
  readonly outs: readonly string[];
}

/** A path below the project: names with `/` between, none of them `../../../data`. */
export const projectPath: z.ZodString = z
  .string()
  .regex(/^(?!\/)(?!.*(^|\/)\.{0,2}(\/|$))[^\\\0]+$/, 'expected a path below the project, such as data/raw');

const [flag, text] = [z.boolean().exactOptional(), z.string().exactOptional()];
const flags = { cache: flag, persist: flag, push: flag, desc: text };
const plotFlags = { ...flags, x: text, y: text, x_label: text, y_label: text, title: text, template: text };
/** `path`, or `path: { flag: value }`. */
const outputs = (shape: z.core.$ZodShape): z.ZodType<(string | Record<string, unknown>)[] | undefined> =>
  z.array(z.union([projectPath, single(projectPath, z.strictObject(shape))])).optional();

const pipelineSchema = z.strictObject({
  stages: z.record(
    z.string().regex(/^[A-Za-z0-9_-]+$/),
    z.strictObject({
      cmd: z.string().min(1),
      desc: z.string().optional(),
      deps: z.array(projectPath).optional(),
      params: z.array(single(projectPath, z.array(z.string().min(1)).min(1))).optional(),
      outs: outputs(flags),
      metrics: outputs(flags),
      plots: outputs(plotFlags),
      frozen: z.boolean().optional(),
      always_changed: z.boolean().optional(),
      meta: z.unknown().optional(),
    }),
  ),
});

/**
 * Reads the stages of a `dvc.yaml`, in its order. It accepts the keys of DVC that this project uses; templates (`vars`,
 * `foreach`, `matrix`, `${…}`) are refused.
 *
 * @throws DataError naming every wrong key, or a path that two stages write
 */
export async function readPipeline(path: string): Promise<Stage[]> {
  const { stages } = await readYaml(path, pipelineSchema);
  const writers = new Map<string, string>();
  return Object.entries(stages).map(([name, stage]) => {
    const outs = [stage.outs, stage.metrics, stage.plots].flatMap((list) => list ?? []).map(pathOf);
    for (const out of outs) {
      const other = writers.get(out);
      if (other !== undefined) throw new DataError(`${path}: ${out} is written by ${other} and by ${name}`);
      writers.set(out, name);
    }
    return {
      name,
      cmd: stage.cmd,
      deps: [...(stage.deps ?? [])].sort(),
      params: new Map(
        (stage.params ?? []).flatMap((entry) =>
          Object.entries(entry).map(([file, keys]) => [file, [...keys].sort()] as const),
        ),
      ),
      outs: outs.sort(),
    };
  });
}

function pathOf(out: string | Record<string, unknown>): string {
  return typeof out === 'string' ? out : Object.keys(out)[0]!;
}

/** An object with one key. */
function single<V>(key: z.ZodString, value: z.ZodType<V>): z.ZodType<Record<string, V>> {
  return z
    .record(key, value)
    .refine((entry) => Object.keys(entry).length === 1, 'expected one path with its settings');
}
