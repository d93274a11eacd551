import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

const map = readFileSync('src/ARCHITECTURE.md', 'utf8');

/** The folders in the first column of the map's tables: `pipeline/runs`, `backend`. */
const listed = [...map.matchAll(/^\| `([\w/]+?)\/?` +\|/gm)].map(([, folder]) => folder!);

function foldersIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

interface Rules {
  readonly forbidden: readonly { readonly name: string }[];
}

/** The folders in the order of the import rules. */
function ruled(prefix: string): string[] {
  const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as Rules;
  const pattern = new RegExp(`^${prefix}(\\w+)-imports-down-only$`);
  return forbidden.flatMap(({ name }) => pattern.exec(name)?.[1] ?? []);
}

describe('the map in src/ARCHITECTURE.md', () => {
  it.each(['pipeline', 'serve'])('lists the folders of src/%s', (storey) => {
    const rooms = listed.filter((folder) => folder.startsWith(`${storey}/`));
    expect(rooms.toSorted()).toEqual(
      foldersIn(`src/${storey}`)
        .map((name) => `${storey}/${name}`)
        .toSorted(),
    );
  });

  it('lists the folders of the library', () => {
    const others = ['pipeline', 'serve'];
    const library = foldersIn('src').filter((name) => !others.includes(name));
    expect(listed.filter((folder) => !folder.includes('/')).toSorted()).toEqual(library.toSorted());
  });

  it('lists the rooms in the order of the import rules', () => {
    const rooms = listed.filter((folder) => folder.startsWith('pipeline/'));
    expect(rooms).toEqual(ruled('pipeline-').map((room) => `pipeline/${room}`));
  });
});

/** Pages that shorten `src/tensor/tape.ts` to `tensor/tape.ts`, and where such a path starts. */
const roots = ['', 'src/', 'src/pipeline/'];
const pages = [
  ...['README.md', 'src/ARCHITECTURE.md', '.github/CONTRIBUTING.md', 'bench/README.md'],
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => /^(index|guide\W.*|internals\W.*)\.md$/.test(file))
    .map((file) => `docs/${file}`),
];

describe('the documentation', () => {
  it.each(pages)('%s names files that exist', (page) => {
    const paths = [...readFileSync(page, 'utf8').matchAll(/`([\w.-]+\/[\w./-]*)`/g)].map(([, path]) => path!);
    // Not in the repository: what a run makes, data of the reader's own, and names in capitals that stand for others.
    const made =
      /^(runs|reports|dist|bench\/\.venv|data\/(?!raw|processed|README)[^/]*)(\/|\.dvc)|[A-Z]{4}\//;
    const mediaType = /^(application|image|text)\/[\w.-]+$/;
    const entryOfThePackage = /^wgrad\//;
    const committed = paths.filter(
      (path) => ![made, mediaType, entryOfThePackage].some((pattern) => pattern.test(path)),
    );
    const missing = committed.filter((path) => !roots.some((root) => existsSync(root + path)));
    expect(missing).toEqual([]);
  });
});
