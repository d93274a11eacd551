import { webgpuOrSkip } from '../adapter.ts';
import { exchangeSuite } from './suite.ts';

exchangeSuite(webgpuOrSkip);
