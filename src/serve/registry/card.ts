import type { Configuration } from '../../pipeline/config/configuration.ts';
import { FASHION_MNIST } from '../../pipeline/config/data.ts';
import type { Verdict } from './gates.ts';
import type { ModelRecord } from './modelRecord.ts';

/**
 * The model card, as Markdown: purpose, training, measurements, limits.
 *
 * Source: Mitchell et al.: Model cards for model reporting (2019).
 */
export function modelCard(
  record: ModelRecord,
  configuration: Configuration,
  verdicts: readonly Verdict[],
): string {
  const { name, version, run, metrics, classes, input, normalisation, weightsSha256 } = record;
  const { model, optimizer, schedule, train, seed, data } = configuration;
  const isFashion = data.format === FASHION_MNIST;
  const percent = (value: number | null): string =>
    value === null ? 'not measured' : `${(100 * value).toFixed(2)} %`;
  return `# ${name}, version ${version}

Classifies a grey picture of ${input.height} × ${input.width} pixels as one of ${classes.length} ${isFashion ? 'kinds of clothing' : 'classes'}:
${classes.join(', ')}.

## Use

${isFashion ? 'This model is made for pictures like those of Fashion-MNIST: one piece of clothing, seen from the front, bright on a dark\nbackground.' : `This model is made for pictures like those of ${data.name}.`} It assigns one of its classes to every picture, whatever the picture shows. Its probabilities mean nothing for
other kinds of pictures.${isFashion ? ' It is a demonstration.' : ''} Do not use it for decisions about people.

## Measured on the test images of ${isFashion ? 'Fashion-MNIST' : data.name}

| metric | value |
| --- | --- |
| accuracy | ${percent(metrics.accuracy)} |
| loss (nats) | ${metrics.loss?.toFixed(4) ?? 'not measured'} |
| top 2 | ${percent(metrics.top2)} |
| expected calibration error | ${percent(metrics.ece)} |
| mean corruption error | ${percent(metrics.meanCorruptionError)} |
| parameters | ${metrics.parameterCount} |
| weights (bytes) | ${metrics.sizeBytes} |

Gates: ${verdicts.length === 0 ? 'none' : verdicts.map(({ text }) => text).join('; ')}.

## Training

- run \`${run}\`, seed ${seed}
- model \`${JSON.stringify(model)}\`
- optimizer \`${JSON.stringify(optimizer)}\`, schedule \`${JSON.stringify(schedule)}\`
- ${train.epochs} epochs with ${train.batchSize} images per step${train.limitTrain === undefined ? '' : `, ${train.limitTrain} training images only`}; validation ${data.validation}
- input: pixels in [0, 1] as (x - ${normalisation.mean}) / ${normalisation.std}
- SHA-256 of the weights \`${weightsSha256}\`

Data: ${isFashion ? 'Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017), MIT licence.' : `${data.name}, version ${data.version ?? 'not recorded'}.`}
`;
}
