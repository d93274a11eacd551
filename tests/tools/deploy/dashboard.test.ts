import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { hasRedis, startRedis } from '../../../bench/queue/redisServer.ts';
import { startProcess } from '../../../bench/service/process.ts';
import { fetchFashionMnist } from '../../../src/pipeline/data/sources/fetch.ts';
import { postJson, temporaryFolder, testImage } from '../../serve/fixture.ts';
import { skipMissing } from '../missing.ts';
import { programOf, toolsPython } from '../toolsPython.ts';

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly type: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

/** Every query of a panel, with the interval that Grafana would put in. */
function queriesOf(path: string): { panel: string; query: string }[] {
  const { panels } = JSON.parse(readFileSync(path, 'utf8')) as Dashboard;
  const drawn = panels.filter(({ type }) => type !== 'row');
  return drawn.flatMap(({ title, targets }) =>
    targets!.map(({ expr }) => ({ panel: title, query: expr.replaceAll('$__rate_interval', '30s') })),
  );
}

/** The queries by which KEDA scales. */
function scalingQueries(): string[] {
  const objects = readFileSync('deploy/base/api.yaml', 'utf8').split('\n---\n');
  return objects.flatMap((text) => {
    const { spec } = parse(text) as { spec: { triggers?: { metadata: { query: string } }[] } };
    return (spec.triggers ?? []).map(({ metadata }) => metadata.query);
  });
}

/** Starts a command that serves metrics, and gives their address. */
async function startWithMetrics(name: string, ...args: string[]): Promise<string> {
  const command = ['--import', 'tsx', `src/${name}.ts`, ...args, '--metrics-port', '0'];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'] });
  endWithTest(child);
  let printed = '';
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      const url = /^metrics (\S+)$/m.exec(printed)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}:\n${printed}`)));
  });
}

function endWithTest(child: ChildProcess): void {
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** A Prometheus that asks for some metrics every second. */
async function startPrometheus(program: string, urls: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  const file = join(folder, 'prometheus.yaml');
  const targets = urls.map((url) => new URL(url).host);
  const config = {
    global: { scrape_interval: '1s' },
    scrape_configs: [{ job_name: 'wgrad', static_configs: [{ targets }] }],
  };
  writeFileSync(file, JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const options = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${folder}`,
    `--web.listen-address=${address}`,
  ];
  const child = spawn(program, options, { stdio: 'ignore' });
  endWithTest(child);
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', resolve);
  });
  return `http://${address}`;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

it('shows what real processes measure, in every query', async (context) => {
  const prometheus = programOf(toolsPython(context, 'kubernetes-validate'), 'prometheus');
  const promtool = programOf(toolsPython(context, 'kubernetes-validate'), 'promtool');
  const { error, stdout } = spawnSync(promtool, ['--version'], { encoding: 'utf8' });
  if (error)
    skipMissing(context, `no Prometheus here: bash scripts/install-tools.sh FOLDER: ${error.message}`);
  if (!hasRedis()) skipMissing(context, 'no Redis here: apt-get install redis-server');
  console.log(stdout.split('\n')[0]);
  await fetchFashionMnist('data/raw');

  const redis = await startRedis(await temporaryFolder());
  onTestFinished(() => redis.kill());
  const service = await startProcess('--model', 'mlp', '--device', 'cpu');
  endWithTest(service.child);
  const urls = [
    `${service.url}/metrics`,
    await startWithMetrics(
      'train',
      ...['configs/mlp.yaml', 'device=cpu', 'model.hidden=[16]', 'data.validation=100'],
      ...['train={epochs: 100000, batchSize: 25, limitTrain: 500, limitTest: 100, logEvery: 4}'],
      ...['--runs', await temporaryFolder()],
    ),
    await startWithMetrics('sweep', ...['worker', '--queue', redis.url, '--store', await temporaryFolder()]),
  ];
  const server = await startPrometheus(prometheus, urls);

  const images = { pixels: Array.from({ length: 64 }, (_, seed) => testImage(seed)) };
  const answer = async (query: string): Promise<Answer> => {
    const response = await fetch(`${server}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
    return (await response.json()) as Answer;
  };
  const queries = [
    ...queriesOf('dockerfiles/grafana/wgrad.json'),
    ...scalingQueries().map((query) => ({ panel: 'KEDA', query })),
  ];
  expect(queries.length).toBeGreaterThan(25);
  const isThere = ({ data }: Answer): boolean => data.result.some(({ value: [, text] }) => text !== 'NaN');
  await expect
    .poll(
      async () => {
        await postJson(`${service.url}/predict`, images);
        const missing: string[] = [];
        for (const { panel, query } of queries) {
          const found = await answer(query);
          if (found.status !== 'success') throw new Error(`${query}: ${found.error}`);
          if (!isThere(found)) missing.push(`${panel}: ${query}`);
        }
        return missing;
      },
      { timeout: 90_000, interval: 1000 },
    )
    .toEqual([]);

  const texts = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
  const names = new Set(queries.flatMap(({ query }) => query.match(/\b(?:wgrad|process)_\w+/g) ?? []));
  for (const name of names) expect(texts.join('\n'), name).toMatch(new RegExp(`^${name}[{ ]`, 'm'));
  for (const input of texts) {
    const checked = spawnSync(promtool, ['check', 'metrics'], { input, encoding: 'utf8' });
    // The others are those of prom-client, whose names are known to its dashboards.
    const ours = (checked.stdout + checked.stderr).split('\n').filter((line) => line.startsWith('wgrad_'));
    expect(ours).toEqual([]);
  }
});
