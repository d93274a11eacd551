import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../../src/pipeline/config/configuration.ts';
import {
  type Choices,
  commandOf,
  configurationOf,
  defaultChoices,
} from '../../../src/serve/page/client/configurations.ts';
import { pageScripts } from '../../../src/serve/page/bundle.ts';

describe("the page's trainings", () => {
  it.each(['mlp', 'cnn'] as const)('start from configs/%s.yaml', (model) => {
    expect(configurationOf(defaultChoices(model))).toEqual(loadConfiguration(`configs/${model}.yaml`));
  });

  it('are those of the command that the page shows', () => {
    const choices: Choices = {
      model: 'cnn',
      device: 'cpu',
      epochs: 3,
      batchSize: 32,
      lr: 0.01,
      optimizer: 'sgd',
      seed: 7,
      limitTrain: 1000,
    };
    const command = commandOf(choices);
    expect(command).toBe(
      'npx tsx src/train.ts configs/cnn.yaml device=cpu train.epochs=3 train.batchSize=32 optimizer.name=sgd optimizer.lr=0.01 seed=7 train.limitTrain=1000',
    );
    const [file, ...overrides] = command.split(' ').slice(3);
    expect(configurationOf(choices)).toEqual(loadConfiguration(file!, overrides));
  });

  it('are refused where a value makes no sense', () => {
    expect(configurationOf({ ...defaultChoices('mlp'), epochs: 0, lr: NaN })).toEqual([
      'Learning rate: enter a number',
      'Epochs: Too small: expected number to be >=1',
    ]);
  });
});

it("the page's scripts contain nothing of Node", async () => {
  const scripts = await pageScripts();
  expect([...scripts.keys()]).toEqual(['app.js', 'worker.js']);
  for (const text of scripts.values()) expect(text).not.toMatch(/from ?"node:/);
}, 60_000);
