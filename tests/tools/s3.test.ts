import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { AwsClient } from 'aws4fetch';
import { expect, it, onTestFinished } from 'vitest';
import { S3Store } from '../../src/pipeline/sweep/artifacts/s3.ts';
import { checkStore } from '../pipeline/sweep/artifacts/contract.ts';
import { toolsPython } from './toolsPython.ts';

/** Starts moto's server. @returns its address */
async function startMoto(python: string): Promise<string> {
  const child = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(async () => {
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (address === undefined) continue;
    child.stderr.resume();
    return address;
  }
  throw new Error('moto did not start');
}

it('moto’s server is an artifact store', { timeout: 120_000 }, async (context) => {
  const endpoint = await startMoto(toolsPython(context, 'moto'));
  const key = { accessKeyId: 'id', secretAccessKey: 'secret' };
  const env = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_ENDPOINT_URL: endpoint };
  const client = new AwsClient({ ...key, service: 's3', region: 'us-east-1' });
  const made = await client.fetch(`${endpoint}/bucket`, { method: 'PUT' });
  expect(made.status).toBe(200);
  await checkStore(new S3Store('s3://bucket/prefix', env));
  // More keys than a server lists at once.
  const store = new S3Store('s3://bucket/many', env);
  const keys = Array.from({ length: 1003 }, (_, index) => `a/${String(index).padStart(4, '0')}`);
  for (let at = 0; at < keys.length; at += 50) {
    await Promise.all(keys.slice(at, at + 50).map((each) => store.put(each, Buffer.from('x'))));
  }
  expect(await store.list('a/')).toEqual(keys);
  const missing = new S3Store('s3://other/prefix', env);
  await expect(missing.get('a')).rejects.toThrow('NoSuchBucket');
  await expect(missing.put('a', Buffer.from('x'))).rejects.toThrow('NoSuchBucket');
  await expect(missing.list('a/')).rejects.toThrow('NoSuchBucket');
});
