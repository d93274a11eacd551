import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadConfiguration } from '../../src/pipeline/config/configuration.ts';
import { type Command, commandsOf, missingFiles } from './commands.ts';
import { type Block, outputPattern, type Page } from './page.ts';
import { outputsOf, programOf } from './program.ts';
import { applyBlock, checkExcerpt, isExcerpt } from './workspace.ts';

/** The name of a page's program in its workspace. */
export const PROGRAM = 'page.ts';

/** Does, block after block, what some pages tell their reader to do. A command that was given before is not run again. */
export class Reader {
  readonly #folder: string;
  readonly #services: ChildProcess[] = [];
  /** Where the last service listens. */
  #address = 'http://nobody-serves-yet';
  /** What commands printed. */
  readonly #done = new Map<string, string>();
  readonly #printed = new Map<Block, string>();

  /** @param folder a workspace */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws where something fails. */
  async read({ blocks }: Page): Promise<void> {
    const program = programBlocks(blocks);
    let before: Block | undefined;
    for (const block of blocks) {
      if (block.note === 'output') {
        checkOutput(block, (before && this.#printed.get(before)) ?? '');
        continue;
      }
      before = block;
      // The first block runs the whole program.
      if (block === program[0]) await this.#run(program);
      else if (!program.includes(block)) await this.#perform(block);
    }
  }

  async #perform(block: Block): Promise<void> {
    const { language, path, note, text, where } = block;
    if (note.startsWith('not-run: ')) checkNames(text, this.#folder, where);
    else if (isExcerpt(block)) checkExcerpt(block);
    else if (path !== undefined) applyBlock(this.#folder, block);
    else if (language === 'yaml') checkConfiguration(block, this.#folder);
    else if (language === 'sh') for (const command of commandsOf(block)) await this.#command(command, block);
    else throw new Error(`${where}: what is a block of '${language} ${note}' for?`);
  }

  async #run(program: readonly Block[]): Promise<void> {
    writeFileSync(join(this.#folder, PROGRAM), programOf(program));
    const stdout = await shell(`"$NODE" --import tsx ${PROGRAM}`, this.#folder, program[0]!.where);
    const outputs = outputsOf(stdout);
    for (const [index, block] of program.entries()) this.#printed.set(block, outputs[index] ?? '');
  }

  async #command({ text, run, serves }: Command, block: Block): Promise<void> {
    checkNames(text, this.#folder, block.where);
    if (run === undefined) return;
    const command = run.replaceAll('http://127.0.0.1:8000', this.#address);
    if (serves) {
      const service = start(command, this.#folder);
      this.#services.push(service);
      this.#address = await listening(service, block.where);
      return;
    }
    const printed =
      this.#done.get(command) ?? (await shell(command, this.#folder, block.where, block.note === 'fails'));
    if (command.includes('src/train.ts')) this.#forgetLatest();
    this.#done.set(command, printed);
    this.#printed.set(block, (this.#printed.get(block) ?? '') + printed);
  }

  /** After a training, the latest run is another. */
  #forgetLatest(): void {
    for (const command of this.#done.keys()) {
      if (command.includes('latest')) this.#done.delete(command);
    }
  }

  /** Ends what still runs. */
  end(): void {
    for (const service of this.#services) service.kill('SIGKILL');
  }
}

/** The blocks that are a page's program. */
export function programBlocks(blocks: readonly Block[]): Block[] {
  return blocks.filter(({ language, path, note }) => language === 'ts' && path === undefined && note === '');
}

const environment = { ...process.env, NODE: process.execPath, NO_COLOR: '1' };

/** What a command prints; of one that is to fail, its complaint. */
function shell(command: string, cwd: string, where: string, fails: boolean = false): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      'bash',
      ['-c', command],
      { cwd, env: environment, timeout: 900_000 },
      (error, stdout, stderr) => {
        if ((error !== null) === fails) resolve(fails ? stderr : stdout);
        else
          reject(new Error(`${where}: ${fails ? 'should fail' : 'fails'}: ${command}\n${stdout}${stderr}`));
      },
    );
  });
}

function start(command: string, cwd: string): ChildProcess {
  return spawn('bash', ['-c', `exec ${command}`], {
    cwd,
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

async function listening(service: ChildProcess, where: string): Promise<string> {
  for await (const line of createInterface({ input: service.stdout! })) {
    const url = /listening at (http:[^\s"]+)/.exec(line)?.[1];
    if (url === undefined) continue;
    service.stdout!.resume();
    return url;
  }
  throw new Error(`${where}: the service ended before it listened`);
}

function checkNames(text: string, folder: string, where: string): void {
  const [missing] = missingFiles(text, folder);
  if (missing !== undefined) throw new Error(`${where}: there is no ${missing}`);
}

function checkConfiguration({ text, where }: Block, folder: string): void {
  const path = join(folder, 'configs', 'block.yaml');
  writeFileSync(path, text);
  try {
    loadConfiguration(path, []);
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
  }
}

function checkOutput({ text, where }: Block, printed: string): void {
  if (!outputPattern(text).test(printed)) {
    throw new Error(`${where}: other output than the page shows\n--- page\n${text}--- printed\n${printed}`);
  }
}
