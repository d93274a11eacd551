/** The command that shows and checks the GPU code. */
import type { KernelTarget } from './pipeline/diagnostics/kernels/target.ts';
import { argument, command, type CommandGroup, list } from './pipeline/cli/command.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { adapter, json, printJson } from './pipeline/cli/shared.ts';
import {
  checkKernels,
  type KernelReport,
  listKernels,
  namedKernels,
  showKernel,
} from './pipeline/diagnostics/kernels/report.ts';
import { kernelSettings } from './pipeline/diagnostics/kernels/settings.ts';

const kernels: CommandGroup = {
  about: 'Shows and checks the GPU kernels. Without an adapter, kernels are read but not compiled.',
  default: 'list',
  commands: {
    list: command({
      about: `
        List each kernel's entry point, buffers, parameters, constants and required features, against the buffers and
        features of this device (the default).`,
      arguments: { names: list('kernels (default: all)') },
      options: { adapter, json },
      run: ({ names, adapter, json }) => {
        const wanted = namedKernels(names);
        return withTarget(adapter, (target) => print(listKernels(wanted, target), json));
      },
    }),
    show: command({
      about: "Show one kernel's signature, and its text as the device gets it under these settings.",
      usage: ['<name> [KEY=VALUE...] [options]'],
      arguments: { name: argument('the kernel'), settings: list('its constants: TILE_ROWS=16') },
      options: { adapter, json },
      run: ({ name, settings: words, adapter, json }) => {
        const settings = kernelSettings(name, words);
        return withTarget(adapter, (target) => print(showKernel(name, settings, target), json));
      },
    }),
    check: command({
      about: `
        Compile every kernel in every variant that the library launches, and print what the compiler says, with file and
        line.`,
      arguments: { names: list('kernels (default: all)') },
      options: { adapter, json },
      run: ({ names, adapter, json }) => {
        const wanted = namedKernels(names);
        return withTarget(adapter, async (target) => {
          const report = await checkKernels(wanted, target, (text) => {
            if (!json) console.log(text);
          });
          if (json) printJson(report.json);
          return report.failed ? 1 : 0;
        });
      },
    }),
  },
  examples: ['list softmax', 'show matmul TILE_ROWS=16', 'show unary OPERATION=GELU RANK=2', 'check matmul'],
  exitCodes: { 0: 'everything fits', 1: 'a kernel does not compile, or does not fit this device' },
};

async function withTarget(
  adapter: string | undefined,
  body: (target: KernelTarget) => number | Promise<number>,
): Promise<number> {
  const { openTarget } = await import('./pipeline/diagnostics/kernels/target.ts');
  const target = await openTarget(adapter);
  try {
    return await body(target);
  } finally {
    target.device?.destroy();
  }
}

function print({ text, json: value, failed }: KernelReport, json: boolean): number {
  if (json) printJson(value);
  else console.log(text);
  return failed ? 1 : 0;
}

await runCommand('npx tsx src/kernels.ts', kernels);
