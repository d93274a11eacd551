import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('threads keep nobody from exiting, asleep or not', () => {
  const program = `
    import { init, rand } from './src/index.ts';
    const device = await init('cpu');
    const product = rand([600, 600]).matmul(rand([600, 600]));
    console.log((await product.data()).length);`;
  const root = new URL('../..', import.meta.url);
  const printed = execFileSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', program],
    { cwd: root, encoding: 'utf8', timeout: 50_000 },
  );
  expect(printed.trim()).toBe('360000');
});
