import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

interface Lock {
  readonly stages: Record<string, { outs?: { path: string; md5: string; size: number }[] }>;
}

const md5 = (bytes: Buffer | string): string => createHash('md5').update(bytes).digest('hex');

/** The files of a folder that are committed, as DVC lists them. */
function listing(folder: string): { md5: string; relpath: string }[] {
  const paths = execFileSync('git', ['ls-files', '-z', folder], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
  return paths
    .map((path) => ({ md5: md5(readFileSync(path)), relpath: path.slice(folder.length + 1) }))
    .sort((a, b) => (a.relpath < b.relpath ? -1 : 1));
}

test('what dvc.lock says of committed results is true', () => {
  const { stages } = parse(readFileSync('dvc.lock', 'utf8')) as Lock;
  const outs = Object.values(stages).flatMap(({ outs = [] }) => outs);
  const reports = outs.filter(({ path }) => path.startsWith('reports/'));
  expect(reports.map(({ path }) => path).sort()).toEqual(['reports/figures', 'reports/metrics.json']);
  for (const { path, md5: recorded, size } of reports) {
    if (!recorded.endsWith('.dir')) {
      const bytes = readFileSync(join(path));
      expect([path, md5(bytes), bytes.length]).toEqual([path, recorded, size]);
      continue;
    }
    const text = JSON.stringify(listing(path))
      .replaceAll('":"', '": "')
      .replaceAll(',"', ', "')
      .replaceAll('},{', '}, {');
    expect([path, `${md5(text)}.dir`]).toEqual([path, recorded]);
  }
});
