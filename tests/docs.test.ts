import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sidebar } from '../docs/.vitepress/sidebar.ts';
import { commandsOf } from './docs/commands.ts';
import { type Page, readPages } from './docs/page.ts';
import { programOf, textsIn, typeErrors, undocumentedExports } from './docs/program.ts';
import { PROGRAM, programBlocks, Reader } from './docs/runPage.ts';
import { fillWorkspace, isExcerpt } from './docs/workspace.ts';

const pages = readPages();
const blocks = pages.flatMap(({ blocks }) => blocks);

/** The files that a page makes or changes. */
function changedBy({ blocks }: Page): string[] {
  const changes = blocks.filter((block) => block.path !== undefined && !isExcerpt(block));
  return [...new Set(changes.map(({ path }) => path!))];
}

const changing = pages.filter((page) => changedBy(page).some((path) => path.endsWith('.ts')));

/** Pages that work on one copy of the project, and on each other's runs; one that changes its code has a copy of its own. */
function shared(): Page[][] {
  const basics = ['README.md', 'docs/index.md', 'docs/guide/getting-started.md', 'docs/guide/pipeline.md'];
  const others = pages.filter((page) => !changing.includes(page));
  return [
    others.filter(({ file }) => basics.includes(file)),
    others.filter(({ file }) => !basics.includes(file)),
    ...changing.map((page) => [page]),
  ];
}

describe('blocks', () => {
  it.concurrent.each(shared().map((group) => [group.map(({ file }) => file).join(', '), group] as const))(
    'what %s say is done, and works',
    async (_, group) => {
      const folder = mkdtempSync(join(tmpdir(), 'wgrad-docs-'));
      const reader = new Reader(folder);
      try {
        fillWorkspace(folder);
        for (const page of group) await reader.read(page);
        for (const page of group.filter((page) => changing.includes(page))) {
          const changed = changedBy(page).filter((path) => path.endsWith('.ts'));
          const files = [...changed, ...(programBlocks(page.blocks).length > 0 ? [PROGRAM] : [])];
          expect(typeErrors(files, textsIn(folder, [...files, 'src/backend/signatures.ts']))).toEqual([]);
        }
      } finally {
        reader.end();
        rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      }
    },
    1_800_000,
  );

  it('are what the type checker takes', () => {
    const programs = new Map(
      pages
        .filter((page) => !changing.includes(page))
        .map(({ file, blocks }) => [`${file.replaceAll(/\W/g, '-')}.ts`, programOf(programBlocks(blocks))]),
    );
    expect(typeErrors([...programs.keys()], programs)).toEqual([]);
  });

  it('are run, but for these', () => {
    const left = blocks.filter(({ note }) => note.startsWith('not-run: '));
    expect(left.map(({ where, note }) => `${where.replace(/:\d+$/, '')} ${note}`)).toMatchInlineSnapshot(`
      [
        "docs/guide/devices.md not-run: needs SwiftShader",
        "docs/guide/performance.md not-run: needs five minutes",
        "docs/guide/performance.md not-run: takes a minute",
        "docs/guide/pipeline.md not-run: needs TensorBoard, MLflow and DVC",
        "docs/guide/pipeline.md not-run: needs DVC",
        "docs/guide/pytorch.md not-run: needs PyTorch",
        "docs/guide/serving.md not-run: needs Docker",
      ]
    `);
    const commands = blocks
      .filter(({ language, note }) => language === 'sh' && note === '')
      .flatMap(commandsOf);
    const seen = commands.filter(({ run }) => run === undefined).map(({ text }) => text);
    expect([...new Set(seen)]).toMatchInlineSnapshot(`
      [
        "npm ci",
        "npm test",
        "sudo bash scripts/install-software-driver.sh",
        "sudo bash scripts/install-software-driver.sh --swiftshader",
      ]
    `);
  });
});

/** The file that a link leads to, and the heading in it; undefined for one that leads out of the project. */
function target(page: string, link: string): { file: string; anchor: string | undefined } | undefined {
  if (/^\w+:/.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  if (path === '') return { file: page, anchor };
  const joined = path.startsWith('/') ? join('docs', path) : join(dirname(page), path);
  const file = page === 'README.md' || /\.\w+$/.test(joined) ? joined : `${joined}.md`;
  return { file, anchor };
}

describe('pages', () => {
  it.each(pages.map((page) => [page.file, page] as const))('the links of %s lead somewhere', (_, page) => {
    for (const { target: link, where } of page.links) {
      // The reference is made when the site is built, which checks these links.
      if (link.startsWith('/api/')) continue;
      const found = target(page.file, link);
      if (!found) continue;
      expect(existsSync(found.file) || existsSync(join('docs/public', link)), `${where}: ${link}`).toBe(true);
      const other = pages.find(({ file }) => file === found.file);
      if (found.anchor !== undefined && other) {
        expect([...other.anchors], `${where}: ${link}`).toContain(found.anchor);
      }
    }
  });

  it('stand in the sidebar', () => {
    const listed = sidebar.flatMap(({ items }) => items.map(({ link }) => `docs${link}.md`));
    const guides = pages
      .map(({ file }) => file)
      .filter((file) => !['README.md', 'docs/index.md'].includes(file));
    expect(listed.sort()).toEqual(guides.sort());
  });
});

describe('reference', () => {
  it('every public export has a docstring', () => {
    expect(undocumentedExports('src/index.ts')).toEqual([]);
  });
});

describe('changelog', () => {
  it('has a section for the version of the package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(readFileSync('CHANGELOG.md', 'utf8')).toContain(`## [${version}]`);
  });
});
