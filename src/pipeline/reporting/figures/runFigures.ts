import type { TopLevelSpec } from 'vega-lite';
import { CLASS_NAMES, IMAGE_SIZE, type ImageSet } from '../../data/fashionMnist.ts';
import type { EvaluationReport } from '../../evaluation/report/report.ts';
import type { MetricsRecord } from '../../runs/journal/journal.ts';
import { classSamples } from './classSamples.ts';
import { confidentMistakes } from './confidentMistakes.ts';
import { confusionMatrix } from './confusionMatrix.ts';
import { corruptionHeatMap } from './corruptionHeatMap.ts';
import { embeddingMap } from './embeddingMap.ts';
import { firstLayer } from './firstLayer.ts';
import { greyPicture } from './pictures.ts';
import { reliabilityDiagram } from './reliabilityDiagram.ts';
import { trainingCurves } from './trainingCurves.ts';

/** What the figures of a run show. */
export interface RunFacts {
  readonly run: string;
  readonly journal: readonly MetricsRecord[];
  readonly measures: Pick<
    EvaluationReport,
    'accuracy' | 'confusion' | 'ece' | 'reliability' | 'mistakes' | 'robustness'
  >;
  readonly train: ImageSet;
  readonly test: ImageSet;
  /** The weights of the first layer. */
  readonly weight: { readonly values: ArrayLike<number>; readonly shape: readonly number[] };
  readonly embedding: Parameters<typeof embeddingMap>[0];
}

/** A figure, and the name of its files. */
export interface NamedFigure {
  readonly name: string;
  readonly title: string;
  readonly specification: TopLevelSpec;
}

/** All figures of a run; that of the corruptions only where robustness was measured. */
export function runFigures(facts: RunFacts): NamedFigure[] {
  const { measures, weight, test } = facts;
  const pixels = IMAGE_SIZE * IMAGE_SIZE;
  const mistakes = measures.mistakes.slice(0, 24).map(({ row, label, predicted, confidence }) => ({
    picture: greyPicture(test.images.subarray(row * pixels, (row + 1) * pixels), IMAGE_SIZE),
    actual: CLASS_NAMES[label]!,
    predicted: CLASS_NAMES[predicted]!,
    confidence,
  }));
  // A dense layer's weights lie over the pixels of an image.
  const width = weight.shape.length === 4 ? weight.shape[3]! : IMAGE_SIZE;
  const figures: (NamedFigure | undefined)[] = [
    {
      name: 'training-curves',
      title: 'Training curves',
      specification: trainingCurves(facts.journal, facts.run),
    },
    {
      name: 'confusion-matrix',
      title: 'Confusion matrix',
      specification: confusionMatrix(measures.confusion, CLASS_NAMES),
    },
    {
      name: 'reliability',
      title: 'Reliability diagram',
      specification: reliabilityDiagram(measures.reliability, measures.ece),
    },
    measures.robustness && {
      name: 'corruptions',
      title: 'Accuracy under corruptions',
      specification: corruptionHeatMap(measures.robustness.perCorruption, measures.accuracy),
    },
    {
      name: 'mistakes',
      title: 'The most confident mistakes',
      specification: confidentMistakes(mistakes),
    },
    {
      name: 'first-layer',
      title: 'Weights of the first layer',
      specification: firstLayer(weight.values, weight.shape[0]!, width),
    },
    {
      name: 'embedding',
      title: 'The penultimate layer in two dimensions',
      specification: embeddingMap(facts.embedding),
    },
    {
      name: 'class-samples',
      title: 'Samples of each class',
      specification: classSamples(facts.train, CLASS_NAMES, IMAGE_SIZE),
    },
  ];
  return figures.filter((figure) => figure !== undefined);
}
