import { basename, join } from 'node:path';
import '../../ops/methods.ts';
import { noGrad } from '../../tensor/gradientMode.ts';
import { randn } from '../../tensor/random.ts';
import { scope } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { subset } from '../data/split.ts';
import { asAutoencoder, type Autoencoder } from '../models/autoencoder.ts';
import { readJournal } from '../runs/journal/journal.ts';
import { eachBatch } from '../training/eachBatch.ts';
import { evaluate } from '../training/evaluate.ts';
import { reconstruction } from '../training/tasks.ts';
import type { Drawing, ReportedRun } from './drawing.ts';
import { featuresOf, mapsOf } from './embedding.ts';
import { autoencoderFigures, REBUILT, SAMPLES } from './figures/autoencoderFigures.ts';
import type { EmbeddingMap } from './figures/embeddingMap.ts';

/** The figures of an autoencoder, and its loss. */
export async function autoencoderDrawing(run: ReportedRun): Promise<Drawing> {
  const { path, configuration, test, rows } = run;
  const model = asAutoencoder(run.model);
  const { train, test: bytes, description } = test.data;
  const shown = subset(bytes.labels, Math.min(REBUILT, rows.length), configuration.seed, rows);
  const rebuilt: number[] = [];
  await eachBatch(
    model,
    { set: test.set, rows: shown },
    ({ images }) => ({ pixels: greyValues(model.forward(images)) }),
    ({ pixels }) => void rebuilt.push(...pixels),
  );
  const samples = await scope(() =>
    noGrad(() => {
      const noise = randn([SAMPLES, model.latent], { seed: configuration.seed, stream: 0 });
      return greyValues(model.decode(noise));
    }),
  ).data();
  const { loss, ...terms } = await evaluate(reconstruction, model, test);
  const pixels = description.height * description.width;
  const figures = autoencoderFigures({
    run: basename(path),
    journal: readJournal(join(path, 'metrics.jsonl')),
    description,
    train,
    originals: Array.from(shown, (row) => bytes.images.subarray(row * pixels, (row + 1) * pixels)),
    rebuilt: Uint8Array.from(rebuilt),
    samples: Uint8Array.from(samples),
    latent: model.latent,
    embedding: await mapOfCodes(model, run),
  });
  return {
    figures,
    headline: [
      ['test loss', `${loss.toFixed(2)} nats an image`],
      ...Object.entries(terms).map(([name, value]) => [name, value.toFixed(2)] as const),
    ],
  };
}

/** The map of the means of codes; undefined where a code is one number. */
async function mapOfCodes(
  model: Autoencoder,
  { configuration, test, rows, say }: ReportedRun,
): Promise<EmbeddingMap | undefined> {
  if (model.latent < 2) return undefined;
  say('codes: means and principal components');
  const codes = await featuresOf(model, { set: test.set, rows }, (images) => model.encode(images)[0]);
  return {
    layer: 'The codes',
    maps: await mapsOf(codes, configuration.seed, (text) => say(`codes: ${text}`)),
    labels: Array.from(rows, (row) => test.data.test.labels[row]!),
    classes: test.data.description.classes,
    features: model.latent,
  };
}

/** Bytes from 0, black, to 255, white. */
function greyValues(logits: Tensor): Tensor {
  return logits.sigmoid().mul(255).round();
}
