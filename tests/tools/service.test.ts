import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { postJson, type Predicted, startService, temporaryFolder, testImage } from '../serve/fixture.ts';
import { programOf, toolsPython } from './toolsPython.ts';

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program while this process answers its requests. */
function run(program: string, args: readonly string[], cwd: string, input = ''): Promise<Finished> {
  return new Promise((resolve) => {
    const options = { cwd, timeout: 110_000, maxBuffer: 2 ** 24 };
    const child = execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
    child.stdin!.end(input);
  });
}

describe('the service', () => {
  test('keeps what its OpenAPI document promises, as schemathesis finds', async (context) => {
    const python = toolsPython(context, 'schemathesis');
    const { url } = await startService();
    const folder = await temporaryFolder();
    const { code, stdout } = await run(
      programOf(python, 'schemathesis'),
      [
        ...['--config-file', join(process.cwd(), 'tests/tools/schemathesis.toml'), '--no-color'],
        ...['run', `${url}/docs/json`, '--max-examples', '10', '--seed', '1'],
        ...['--continue-on-failure', '--generation-database', 'none'],
      ],
      folder,
    );
    expect(code, stdout).toBe(0);
    expect(Number(/^ *(\d+) generated/m.exec(stdout)?.[1])).toBeGreaterThan(500);
  });

  test("answers Triton's client in every datatype, as JSON and in binary, compressed or not", async (context) => {
    const python = toolsPython(context, 'tritonclient');
    const { url, port } = await startService();
    const pixels = [testImage(1), testImage(2)];
    const { predictions } = (await postJson(`${url}/predict`, { pixels })).body as Predicted;
    const { code, stdout, stderr } = await run(
      python,
      ['tests/tools/triton_client.py', `127.0.0.1:${port}`, 'test'],
      '.',
      JSON.stringify({ pixels }),
    );
    expect(code, stderr).toBe(0);
    const { labels, probabilities, ...said } = JSON.parse(stdout) as {
      labels: Record<string, number[]>;
      probabilities: number[][];
    };
    expect(Object.keys(labels)).toHaveLength(3 * (2 * 10 - 1));
    const expected = predictions.map((each) => each.class);
    expect(new Set(Object.values(labels).map(String))).toEqual(new Set([String(expected)]));
    expect(probabilities).toEqual(predictions.map((each) => Object.values(each.probabilities)));
    const output = { datatype: 'FP32', shape: [-1, 10] };
    expect(said).toEqual({
      live: true,
      ready: true,
      'model ready': true,
      'version ready': true,
      'other ready': false,
      server: { name: 'wgrad', version: '2', extensions: ['binary_tensor_data', 'model_repository'] },
      model: {
        name: 'test',
        versions: ['1'],
        platform: 'wgrad',
        inputs: [{ name: 'pixels', datatype: 'FP32', shape: [-1, 28, 28] }],
        outputs: [
          { name: 'probabilities', ...output },
          { name: 'label', datatype: 'INT64', shape: [-1] },
        ],
      },
      index: [{ name: 'test', version: '1', state: 'READY', reason: '' }],
      later: ['0', '1', '2', '3'],
      'other model': ['404', 'there is no model other; served: test'],
      'other input': ['400', "takes the input pixels, got 'images'"],
      'other version': ['404', 'version 7 of test is not served; served: 1'],
    });
  });
});
