import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { decodeDescription } from '../../checkpoint/metadata.ts';
import type { DataDescription } from '../../data/description.ts';
import { type Configuration, loadConfiguration } from '../../config/configuration.ts';
import { requireClassifier } from '../../config/task.ts';
import { EVALUATION_FILE, type EvaluationReport, readEvaluation } from '../../evaluation/report/report.ts';
import { FileError, readError } from '../../files/fileError.ts';
import { readJson, readOptionalJson } from '../../files/json.ts';
import { decodeSafetensors } from '../../../formats/safetensors/index.ts';
import type { RunSummary } from '../../runs/summary.ts';
import { RECEIPT_FILE, type Receipt } from '../../runs/verification/receipt.ts';
import { shellWord } from '../../text/shellWord.ts';

/** The records of a run that its card is made from. */
export interface RunRecords {
  readonly configuration: Configuration;
  readonly evaluation: EvaluationReport;
  readonly summary: CardSummary;
  readonly environment: Readonly<Record<string, unknown>>;
  /** The data that the model was trained on. */
  readonly data: DataDescription;
  /** The model as PyTorch prints it. */
  readonly architecture: string;
  /** Undefined where the run was never verified. */
  readonly receipt: CardReceipt | undefined;
}

type CardSummary = Pick<RunSummary, 'weightsSha256' | 'device' | 'seed' | 'validation'>;
type CardReceipt = Pick<Receipt, 'reproduced' | 'extent' | 'equalReadings' | 'equalSteps'>;

const summarySchema: z.ZodType<CardSummary> = z.object({
  weightsSha256: z.string(),
  device: z.string(),
  seed: z.number(),
  validation: z.object({ accuracy: z.number(), loss: z.number() }).nullable(),
});

const receiptSchema: z.ZodType<CardReceipt> = z.object({
  reproduced: z.boolean(),
  extent: z.enum(['run', 'part']),
  equalReadings: z.number(),
  equalSteps: z.number(),
});

const environmentSchema = z.record(z.string(), z.unknown());

/**
 * Reads the records of a run.
 *
 * @param path the folder of a run that is finished and evaluated
 * @throws FileError where a record is missing or corrupt, or the evaluation is of other weights than the run's
 */
export async function readRunRecords(path: string): Promise<RunRecords> {
  const configuration = loadConfiguration(join(path, 'config.yaml'));
  const instead = `Write its report page instead: npx tsx src/visualize.ts ${shellWord(path)}`;
  requireClassifier(configuration.model, 'src/card.ts model', basename(path), instead);
  const summary = await readJson(join(path, 'summary.json'), summarySchema, 'a summary');
  const evaluationFile = join(path, EVALUATION_FILE);
  const evaluation = await readEvaluation(evaluationFile);
  if (evaluation.weightsSha256 !== summary.weightsSha256) {
    throw new FileError(
      evaluationFile,
      `is of other weights than those that the run ended with; evaluate again: npx tsx src/evaluate.ts ${shellWord(path)}`,
    );
  }
  return {
    configuration,
    evaluation,
    summary,
    environment: await readJson(join(path, 'environment.json'), environmentSchema, 'an environment'),
    ...(await readCheckpointFacts(join(path, 'checkpoints', 'best.safetensors'))),
    receipt: await readOptionalJson(join(path, RECEIPT_FILE), receiptSchema, 'a verification'),
  };
}

async function readCheckpointFacts(path: string): Promise<Pick<RunRecords, 'architecture' | 'data'>> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  const { metadata } = decodeSafetensors(bytes);
  const data = decodeDescription(metadata);
  if (!data) throw new FileError(path, 'is corrupt: it does not say what data it was trained on');
  return { architecture: metadata.get('model') ?? 'not recorded', data };
}
