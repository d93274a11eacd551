import type { TopLevelSpec } from 'vega-lite';
import type { DataDescription } from '../../data/description.ts';
import type { ImageSet } from '../../data/images.ts';
import type { EvaluationReport } from '../../evaluation/report/report.ts';
import type { MetricsRecord } from '../../runs/journal/journal.ts';
import { classSamples } from './classSamples.ts';
import { confidentMistakes } from './confidentMistakes.ts';
import { type EmbeddingMap, embeddingMap } from './embeddingMap.ts';
import { firstLayer } from './firstLayer.ts';
import { confusionMatrix, corruptionHeatMap } from './heatMaps.ts';
import { greyPicture } from './pictures.ts';
import { reliabilityDiagram } from './reliabilityDiagram.ts';
import { trainingCurves } from './trainingCurves.ts';

/** The data of a run's figures. */
export interface FigureData {
  readonly run: string;
  readonly journal: readonly MetricsRecord[];
  readonly measures: Pick<
    EvaluationReport,
    'accuracy' | 'confusion' | 'ece' | 'reliability' | 'mistakes' | 'robustness'
  >;
  /** The data of the model. */
  readonly description: DataDescription;
  readonly train: ImageSet;
  readonly test: ImageSet;
  /** The weights of the first layer. */
  readonly weight: { readonly values: ArrayLike<number>; readonly shape: readonly number[] };
  readonly embedding: EmbeddingMap;
}

/** A figure, and the name of its files. */
export interface NamedFigure {
  readonly name: string;
  readonly title: string;
  /** Undefined where the run does not have what it shows. */
  readonly specification: TopLevelSpec | undefined;
}

/** All figures of a run; that of the corruptions is undefined where robustness was not measured. */
export function runFigures(data: FigureData): NamedFigure[] {
  const { measures, weight, test } = data;
  const { confusion, reliability, ece, robustness, accuracy } = measures;
  const { classes, width, height } = data.description;
  const pixels = width * height;
  const mistakes = measures.mistakes.slice(0, 24).map(({ row, label, predicted, confidence }) => ({
    picture: greyPicture(test.images.subarray(row * pixels, (row + 1) * pixels), width),
    actual: classes[label]!,
    predicted: classes[predicted]!,
    confidence,
  }));
  // A dense layer's weights lie over the pixels of an image.
  const columns = weight.shape.length === 4 ? weight.shape[3]! : width;
  const figures: [name: string, title: string, specification: TopLevelSpec | undefined][] = [
    ['training-curves', 'Training curves', trainingCurves(data.journal, data.run)],
    ['confusion-matrix', 'Confusion matrix', confusionMatrix(confusion, classes)],
    ['reliability', 'Reliability diagram', reliabilityDiagram(reliability, ece)],
    [
      'corruptions',
      'Accuracy under corruptions',
      robustness && corruptionHeatMap(robustness.perCorruption, accuracy),
    ],
    ['mistakes', 'The most confident mistakes', confidentMistakes(mistakes)],
    ['first-layer', 'Weights of the first layer', firstLayer(weight.values, weight.shape[0]!, columns)],
    ['embedding', 'The penultimate layer in two dimensions', embeddingMap(data.embedding)],
    ['class-samples', 'Samples of each class', classSamples(data.train, data.description)],
  ];
  return figures.map(([name, title, specification]) => ({ name, title, specification }));
}
