/** The command that trains a classifier from a configuration file: see help in trainCommand.ts. */
import { start } from './start/start.ts';

await start(new URL('./trainCommand.ts', import.meta.url), () => import('./trainCommand.ts'));
