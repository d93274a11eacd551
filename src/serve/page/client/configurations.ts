import { type Configuration, configurationSchema } from '../../../pipeline/config/schema.ts';

/** `configs/mlp.yaml` and `configs/cnn.yaml`, from which the page's trainings start. */
export const CONFIGURATIONS = {
  mlp: {
    name: 'mlp-fashion-mnist',
    seed: 42,
    device: 'auto',
    data: { root: 'data/raw', validation: 5000 },
    model: { name: 'mlp', hidden: [256, 128] },
    optimizer: { name: 'adam', lr: 0.001 },
    train: { epochs: 10, batchSize: 128, logEvery: 50 },
    run: { dir: 'runs' },
  },
  cnn: {
    name: 'cnn-fashion-mnist',
    seed: 42,
    device: 'auto',
    data: { root: 'data/raw', validation: 5000 },
    model: { name: 'cnn', channels: [32, 64], kernelSize: 3, batchNorm: true, hidden: [128], dropout: 0.3 },
    optimizer: { name: 'adam', lr: 0.001 },
    schedule: { name: 'cosine' },
    train: { epochs: 8, batchSize: 64, logEvery: 50 },
    run: { dir: 'runs' },
  },
} as const;

export type ModelName = keyof typeof CONFIGURATIONS;

/** What the form of the page says. */
export interface Choices {
  readonly model: ModelName;
  readonly device: 'auto' | 'webgpu' | 'cpu';
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly optimizer: 'adam' | 'adamw' | 'sgd' | 'rmsprop';
  readonly seed: number;
  /** Undefined: all images that are not held out. */
  readonly limitTrain: number | undefined;
}

/** The choices that leave a configuration as its file has it. */
export function defaultChoices(model: ModelName): Choices {
  const { seed, device, optimizer, train } = CONFIGURATIONS[model];
  const { epochs, batchSize } = train;
  const { name, lr } = optimizer;
  return { model, device, epochs, batchSize, lr, optimizer: name, seed, limitTrain: undefined };
}

/** The configuration of the choices, or the words that say what is wrong with them. */
export function configurationOf(choices: Choices): Configuration | readonly string[] {
  const { model, device, epochs, batchSize, lr, optimizer, seed, limitTrain } = choices;
  const file = CONFIGURATIONS[model];
  const result = configurationSchema.safeParse({
    ...file,
    seed,
    device,
    optimizer: { name: optimizer, lr },
    train: { ...file.train, epochs, batchSize, ...(limitTrain !== undefined && { limitTrain }) },
  });
  if (result.success) return result.data;
  return result.error.issues.map(({ path, message }) => {
    const field = path.at(-1) as keyof typeof FIELDS;
    return `${FIELDS[field]}: ${Number.isNaN(choices[field]) ? 'enter a number' : message}`;
  });
}

/** The names of the form's fields. */
const FIELDS = { epochs: 'Epochs', batchSize: 'Images a batch', lr: 'Learning rate', seed: 'Seed' } as const;

/** The command that trains the same on the command line. */
export function commandOf(choices: Choices): string {
  const { model, device, epochs, batchSize, lr, optimizer, seed, limitTrain } = choices;
  const standard = defaultChoices(model);
  const words = [
    device !== standard.device && `device=${device}`,
    epochs !== standard.epochs && `train.epochs=${epochs}`,
    batchSize !== standard.batchSize && `train.batchSize=${batchSize}`,
    optimizer !== standard.optimizer && `optimizer.name=${optimizer}`,
    lr !== standard.lr && `optimizer.lr=${lr}`,
    seed !== standard.seed && `seed=${seed}`,
    limitTrain !== undefined && `train.limitTrain=${limitTrain}`,
  ].filter((word) => word !== false);
  return ['npx tsx src/train.ts', `configs/${model}.yaml`, ...words].join(' ');
}
