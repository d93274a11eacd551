// A character-level GPT that learns to write like its text: npx tsx examples/node/gpt/train.ts [steps]
import { capture, init, manualSeed, multinomial, noGrad, optim, randint, scope, tensor } from 'wgrad';
import { Gpt } from './model.ts';
import { CHARACTERS, decode, encode, TEXT } from './text.ts';
import { trainStep, optimizerOf } from './training.ts';

const [ROWS, LENGTH] = [16, 64];
/** Below 1, the more likely characters become more likely. */
const TEMPERATURE = 0.8;
const steps = Number(process.argv[2] ?? 1000);

const device = await init('auto');
console.log(
  `${CHARACTERS.length} different characters in a text of ${TEXT.length}, on ${device.description}`,
);
manualSeed(1);
const model = new Gpt({ vocabulary: CHARACTERS.length, length: LENGTH, width: 96, heads: 4, blocks: 3 });
const optimizer = optimizerOf(model, 3e-3);
const schedule = new optim.lrScheduler.OneCycleLR(optimizer, 3e-3, { totalSteps: steps + 1, pctStart: 0.1 });

// Each row of a batch is a part of the text that begins anywhere, and what follows is the same part one character later.
const text = tensor(encode(TEXT));
const offsets = tensor(Int32Array.from({ length: LENGTH + 1 }, (_, place) => place));
const step = capture(() => {
  const starts = randint(0, TEXT.length - LENGTH, [ROWS, 1]);
  const parts = text.indexSelect(0, starts.add(offsets).flatten()).reshape(ROWS, LENGTH + 1);
  return trainStep(model, optimizer, parts);
});
for (let taken = 1; taken <= steps; taken++) {
  const loss = step();
  schedule.step();
  if (taken % 100 === 0 || taken === steps)
    console.log(`step ${taken}: loss ${(await loss.item()).toFixed(3)}`);
}

model.eval();
console.log(`\n${await write('Alice ', 400)}`);

/** Continues a text: each character is drawn from what the model expects after those before it. */
async function write(beginning: string, count: number): Promise<string> {
  const tokens = [...encode(beginning)];
  for (let drawn = 0; drawn < count; drawn++) {
    const seen = tokens.slice(-LENGTH);
    const next = scope(() =>
      noGrad(() => {
        const logits = model.forward(tensor([seen], { dtype: 'int32' })).at(0, -1);
        return multinomial(logits.div(TEMPERATURE).softmax(-1), 1);
      }),
    );
    tokens.push(await next.item());
    next.dispose();
  }
  return decode(tokens);
}
