import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import type { Block } from './page.ts';

/** Printed between the blocks of a program, to tell their output apart. */
const MARK = '\u0001';

/** The blocks of a page as one program. */
export function programOf(blocks: readonly Block[]): string {
  return blocks.map(({ text }) => text).join(`\nconsole.log('${MARK}');\n`);
}

/** What each block printed. */
export function outputsOf(stdout: string): string[] {
  return stdout.split(`${MARK}\n`);
}

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)).config,
  ts.sys,
  '.',
);
const parsed = new Map<string, ts.SourceFile | undefined>();

/** A program of files of the project, some of which need not be on disk, or not with this text. */
function compile(files: readonly string[], texts: ReadonlyMap<string, string>): ts.Program {
  const virtual = new Map([...texts].map(([path, text]) => [resolve(path), text]));
  const host = ts.createCompilerHost(options);
  const onDisk = ts.createCompilerHost(options);
  host.fileExists = (path) => virtual.has(resolve(path)) || onDisk.fileExists(path);
  host.readFile = (path) => virtual.get(resolve(path)) ?? ts.sys.readFile(path);
  host.getSourceFile = (path, language, ...rest) => {
    const text = virtual.get(resolve(path));
    if (text !== undefined) return ts.createSourceFile(path, text, language);
    if (!parsed.has(path)) parsed.set(path, onDisk.getSourceFile(path, language, ...rest));
    return parsed.get(path);
  };
  return ts.createProgram([...files.map((path) => resolve(path)), ...AMBIENT], options, host);
}

/**
 * Complaints of the type checker about some files.
 *
 * @param texts path in the project → text, of these files and of what they use, where it is not what is on disk
 */
export function typeErrors(checked: readonly string[], texts: ReadonlyMap<string, string>): string[] {
  const program = compile(checked, texts);
  return checked.flatMap((path) => {
    const source = program.getSourceFile(resolve(path))!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start = 0, messageText }) => {
        const { line } = source.getLineAndCharacterOfPosition(start);
        const message = ts.flattenDiagnosticMessageText(messageText, '\n');
        return `${path}:${line + 1}: ${message}\n    ${source.text.split('\n')[line]!}`;
      },
    );
  });
}

/** Declarations of packages that have none. */
const AMBIENT = ['src/backend/wgslReflect.d.ts', 'src/backend/cpu/simd/webAssembly.d.ts'].map((path) =>
  resolve(path),
);

/** Exports of a module, and of what it exports as a namespace, that have no docstring. */
export function undocumentedExports(file: string): string[] {
  const program = compile([file], new Map());
  const checker = program.getTypeChecker();
  const visit = (module: ts.Symbol, prefix: string): string[] =>
    checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const name = `${prefix}${exported.name}`;
      if (symbol.flags & ts.SymbolFlags.ValueModule) return visit(symbol, `${name}.`);
      return symbol.getDocumentationComment(checker).length === 0 ? [name] : [];
    });
  return visit(checker.getSymbolAtLocation(program.getSourceFile(resolve(file))!)!, '');
}

/** The texts of files in a folder, by their paths. */
export function textsIn(folder: string, paths: readonly string[]): Map<string, string> {
  return new Map(paths.map((path) => [path, readFileSync(`${folder}/${path}`, 'utf8')]));
}
