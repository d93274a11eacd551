import { nn, optim, stack, type Tensor, zeros } from '../../src/index.ts';
import { batches, fill, type Program, VOCABULARY, windows } from './program.ts';

const [ROWS, LENGTH, WIDTH, HIDDEN] = [32, 24, 32, 128];

class Lstm extends nn.Module {
  readonly token: Tensor = nn.init.normal([VOCABULARY, WIDTH], 0, 1, { requiresGrad: true });
  readonly input = new nn.Linear(WIDTH, 4 * HIDDEN);
  readonly state = new nn.Linear(HIDDEN, 4 * HIDDEN);
  readonly head = new nn.Linear(HIDDEN, VOCABULARY);

  /** One step of the cell, from its gates: input, forget, candidate, output. */
  cell(x: Tensor, [hidden, memory]: [Tensor, Tensor]): [Tensor, Tensor] {
    const gates = this.input.forward(x).add(this.state.forward(hidden));
    const gate = (index: number): Tensor => gates.slice(null, [index * HIDDEN, (index + 1) * HIDDEN]);
    const kept = gate(1).sigmoid().mul(memory);
    const next = kept.add(gate(0).sigmoid().mul(gate(2).tanh()));
    return [gate(3).sigmoid().mul(next.tanh()), next];
  }

  override forward(tokens: Tensor): Tensor {
    const x = this.token.indexSelect(0, tokens.flatten()).reshape(ROWS, LENGTH, WIDTH);
    let state: [Tensor, Tensor] = [zeros(ROWS, HIDDEN), zeros(ROWS, HIDDEN)];
    const outputs: Tensor[] = [];
    for (let time = 0; time < LENGTH; time++) {
      state = this.cell(x.slice(null, [time, time + 1]).squeeze(1), state);
      outputs.push(state[0]);
    }
    return this.head.forward(stack(outputs, 1));
  }
}

/** A character-level LSTM, built from products and gates. */
export function lstm(): Program {
  const model = new Lstm();
  fill(model);
  const optimizer = new optim.Adam(model.parameters(), { lr: 3e-3 });
  return {
    batches: batches(8, (index) => windows(index, ROWS, LENGTH)),
    step: (tokens, next) => {
      optimizer.zeroGrad();
      const loss = nn.functional.crossEntropy(model.forward(tokens).flatten(0, 1), next.flatten());
      loss.backward();
      optim.clipGradNorm(model.parameters(), 1);
      optimizer.step();
      return loss;
    },
  };
}
