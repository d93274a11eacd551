import type { EvaluationReport } from '../../../src/pipeline/evaluation/report/report.ts';

const scores = { precision: 0.75, recall: 0.75, f1: 0.75 };

/** An evaluation of two classes, made by hand. */
export const sampleReport: EvaluationReport = {
  version: 1,
  run: 'sample',
  weightsSha256: 'a'.repeat(64),
  parameterCount: 12,
  device: 'cpu: by hand',
  dataset: { name: 'fashion-mnist', split: 'test', images: 8, checksums: { images: 'f'.repeat(32) } },
  accuracy: 0.75,
  accuracyInterval: [0.41, 0.93],
  loss: 0.5,
  top2: 1,
  macro: scores,
  weighted: scores,
  classes: [
    { name: 'cat', ...scores, support: 4 },
    { name: 'dog', ...scores, support: 4 },
  ],
  confusion: [
    [3, 1],
    [1, 3],
  ],
  ece: 0.1,
  mce: 0.2,
  brier: 0.3,
  reliability: [
    { lower: 0, upper: 0.5, count: 0, confidence: null, accuracy: null },
    { lower: 0.5, upper: 1, count: 8, confidence: 0.85, accuracy: 0.75 },
  ],
  mistakes: [{ row: 3, label: 0, predicted: 1, confidence: 0.995, probability: 0.005 }],
};
