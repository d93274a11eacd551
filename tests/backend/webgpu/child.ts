import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Outcome {
  /** Undefined when the process was killed, by a crash or because it did not end by itself. */
  code: number | undefined;
  signal: string | undefined;
  stdout: string;
  stderr: string;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Runs a module's text in a Node process of its own, in the project's folder; it has half a minute to end. */
export function runModule(
  text: string,
  { environment = {}, flags = [] }: { environment?: Record<string, string>; flags?: string[] } = {},
): Promise<Outcome> {
  const args = [...flags, '--import', 'tsx', '--input-type=module', '-e', text];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: root, env: { ...process.env, ...environment }, timeout: 30_000 },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : undefined) : 0;
        resolve({ code, signal: error?.signal ?? undefined, stdout, stderr });
      },
    );
  });
}
