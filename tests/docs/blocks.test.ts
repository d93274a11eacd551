import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandsOf } from './commands.ts';
import { type Page, readPages } from './page.ts';
import { textsIn, typeErrors } from './program.ts';
import { PROGRAM, programBlocks, Reader } from './runPage.ts';
import { changedBy, fillWorkspace } from './workspace.ts';

const pages = readPages();
const blocks = pages.flatMap(({ blocks }) => blocks);

const changing = pages.filter((page) => changedBy(page).some((path) => path.endsWith('.ts')));

/** Pages that work on one copy of the project, and on each other's runs; one that changes its code has a copy of its own. */
function shared(): Page[][] {
  const basics = [
    ...['README.md', 'docs/index.md', 'docs/guide/getting-started.md', 'docs/guide/pipeline.md'],
    'docs/guide/reproducibility.md',
  ];
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

  it('are run, but for these', () => {
    const left = blocks.filter(({ note }) => note.startsWith('not-run: '));
    expect(left.map(({ where, note }) => `${where.replace(/:\d+$/, '')} ${note}`)).toMatchInlineSnapshot(`
      [
        "docs/guide/browser.md not-run: needs a browser",
        "docs/guide/browser.md not-run: installs from npm",
        "docs/guide/browser.md not-run: headers of a server",
        "docs/guide/browser.md not-run: needs a browser",
        "docs/guide/data.md not-run: needs a browser",
        "docs/guide/data.md not-run: needs an account at Kaggle",
        "docs/guide/deno.md not-run: needs Deno",
        "docs/guide/deno.md not-run: needs Bun",
        "docs/guide/devices.md not-run: needs SwiftShader",
        "docs/guide/getting-started.md not-run: installs from npm",
        "docs/guide/kubernetes.md not-run: needs Docker",
        "docs/guide/kubernetes.md not-run: needs a cluster",
        "docs/guide/kubernetes.md not-run: needs a cluster",
        "docs/guide/notebooks.md not-run: needs Deno and Jupyter",
        "docs/guide/notebooks.md not-run: runs in a notebook",
        "docs/guide/notebooks.md not-run: needs Deno and Jupyter",
        "docs/guide/onnx.md not-run: needs onnxruntime",
        "docs/guide/performance.md not-run: needs five minutes",
        "docs/guide/performance.md not-run: takes a minute",
        "docs/guide/pipeline.md not-run: needs TensorBoard, MLflow and DVC",
        "docs/guide/pipeline.md not-run: needs DVC",
        "docs/guide/pytorch.md not-run: needs PyTorch",
        "docs/guide/pytorch.md not-run: needs PyTorch",
        "docs/guide/scaling.md not-run: needs Redis",
        "docs/guide/scaling.md not-run: needs Redis",
        "docs/guide/scaling.md not-run: needs Redis",
        "docs/guide/scaling.md not-run: needs Redis",
        "docs/guide/scaling.md not-run: takes minutes and needs Redis",
        "docs/guide/serving.md not-run: needs systemd",
        "docs/guide/serving.md not-run: needs Docker",
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
