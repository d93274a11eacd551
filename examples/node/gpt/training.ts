import { nn, optim, type Tensor } from 'wgrad';
import type { Gpt } from './model.ts';

/** AdamW that decays matrices alone. */
export function optimizerOf(model: Gpt, lr: number): optim.AdamW {
  const parameters = model.parameters();
  const matrices = { params: parameters.filter(({ ndim }) => ndim >= 2), weightDecay: 0.1 };
  const vectors = { params: parameters.filter(({ ndim }) => ndim < 2), weightDecay: 0 };
  return new optim.AdamW([matrices, vectors], { lr, betas: [0.9, 0.99] });
}

/**
 * One step: for each place of each part, how well the model expects the next character.
 *
 * @param parts int32 [rows, length + 1]: the characters that the model sees, and those that follow
 * @returns the mean cross-entropy, in nats
 */
export function trainStep(model: Gpt, optimizer: optim.AdamW, parts: Tensor): Tensor {
  const logits = model.forward(parts.slice(null, [0, -1]));
  const loss = nn.functional.crossEntropy(logits.flatten(0, 1), parts.slice(null, [1, null]).flatten());
  loss.backward();
  optim.clipGradNorm(model.parameters(), 1);
  optimizer.step();
  optimizer.zeroGrad();
  return loss;
}
