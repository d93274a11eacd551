import { describe, expect, it } from 'vitest';
import { kernelNames, kernelSource } from '../../src/platform/node/kernels.ts';
import type { KernelCheck } from '../../src/pipeline/diagnostics/kernels/compile.ts';
import type { KernelListing } from '../../src/pipeline/diagnostics/kernels/listing.ts';
import { callCommand, type Outcome, spawnCommand, spawnCommandIn } from './commands.ts';

const NO_ADAPTER = { VK_DRIVER_FILES: '/nonexistent.json', WGRAD_SOFTWARE_DRIVER: 'none' };

/** Without an adapter, the answer is the same everywhere. */
function runKernels(...args: string[]): Promise<Outcome> {
  return spawnCommandIn({ env: NO_ADAPTER }, 'kernels', ...args);
}

describe('src/kernels.ts', () => {
  it('lists every kernel, as JSON and as text', async () => {
    const { code, stdout } = await runKernels('--json');
    const { kernels } = JSON.parse(stdout) as { kernels: KernelListing[] };
    expect(kernels.map(({ name }) => name)).toEqual(kernelNames());
    expect(kernels.flatMap(({ problems }) => problems)).toEqual([]);
    expect(code).toBe(0);
    const text = await runKernels('list', 'softmax', 'fill');
    expect(text.stdout).toMatch(/^device {2}none, so kernels are only read, not compiled/);
    expect(text.stdout).toContain(`
softmax: the exponentials of a row, normalised to sum 1; with LOGARITHM, their logarithms.
  entry      main, @workgroup_size(LANES, ROWS)
  memory     partials: array<f32, LANES * ROWS>
  buffers    x read f32, out write f32
  params     16 bytes by uniform ring: rows u32, length u32, inner u32, offset i32
  overrides  LANES u32 = 1, ROWS u32 = 64, LOGARITHM bool = false
  variants   12
`);
    expect(text.stdout).toMatch(/2 kernels, 15 variants; all fit WebGPU's guaranteed limits\n$/);
  });

  it('shows a kernel’s text under settings', async () => {
    const { code, stdout } = await runKernels('show', 'fill', 'Element=i32');
    expect(stdout).toContain(kernelSource('fill').trimEnd().replace('Element = f32', 'Element = i32'));
    expect(code).toBe(0);
    const tiled = await callCommand('kernels', 'show', 'matmul', 'TILE_ROWS=16');
    expect(tiled.stdout).toContain('const TILE_ROWS = 16;');
    const coded = await callCommand('kernels', 'show', 'unary', 'OPERATION=GELU', 'RANK=2', '--json');
    expect(JSON.parse(coded.stdout)).toMatchObject({ settings: { OPERATION: 14, RANK: 2 } });
  });

  it('reads what it cannot compile, and says so', async () => {
    const { code, stdout } = await runKernels('check');
    expect(stdout).toContain('only read, not compiled');
    expect(stdout).toContain('No WebGPU adapter was found');
    for (const name of kernelNames()) expect(stdout).toMatch(RegExp(`ok {4}${name} +read only`));
    expect(code).toBe(0);
  });

  it('reports as JSON', async () => {
    const { code, stdout } = await spawnCommand('kernels', 'check', 'unary', '--json');
    const { kernels } = JSON.parse(stdout) as { kernels: KernelCheck[] };
    expect(kernels).toMatchObject([{ kernel: 'unary', variants: 108, messages: [] }]);
    expect(code).toBe(0);
  });

  it.each([
    [['show', 'mathmul'], 'Did you mean matmul?'],
    [['chek'], 'Did you mean check?'],
    [['show'], 'missing argument <name>'],
    [['show', 'matmul', 'TILE_ROW=16'], 'Did you mean TILE_ROWS?'],
    [['show', 'matmul', 'TILE_ROWS=many'], 'takes a whole number'],
    [['show', 'fill', 'Element=f64'], 'there are f32, i32, u32'],
    [['check', 'matmul', 'TILE_ROWS=16'], 'settings go with show only'],
    [['--fast'], '--fast'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await callCommand('kernels', ...args);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('explains itself', async () => {
    const { code, stdout } = await callCommand('kernels', '--help');
    expect(stdout).toMatch(/list[^]*show[^]*check[^]*--json[^]*exit codes/);
    expect(code).toBe(0);
  });
});
